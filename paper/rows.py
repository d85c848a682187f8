"""The rows of the paper's tables as data: a JSON file for each table and scale, read and checked like a config."""

import os
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from sparse_rnn import names
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, options
from sparse_rnn.training.config import REQUIRED, option

TABLES = (1, 2, 3)
SCALES = ("paper", "cpu")
#: What the paper may report of a row beside perplexities or answers; ratios are those to the dense row.
COSTS = ("weights", "milliseconds", "speed_up", "fewer_multiply_adds")

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tables")


@dataclass(frozen=True)
class Reported:
    """What the paper reports of a row; what ``sources`` does not name could not be confirmed."""

    values: Dict[str, float] = option(dict, "numbers by the name of their column")
    units: Dict[str, int] = option(dict, "units of each group", minimum=1)
    sources: Dict[str, str] = option(dict, "where a number, or `units`, was seen; one that is missing is unconfirmed")

    def check(self, at: options.At) -> None:
        """A source is that of a number."""
        for name in self.sources:
            known = list(self.values) + ["units"]
            if name not in known:
                raise names.unknown(name, known, at("sources"), "number")


@dataclass(frozen=True)
class Row:
    """One experiment."""

    name: str = option(REQUIRED, "names the run directory")
    title: str = option(REQUIRED, "what the row is, for the reader")
    series: str = option(REQUIRED, "rows of one series share a colour in the figures")
    config: Optional[str] = option(None, "config file, relative to the project; null with best_of")
    overrides: Tuple[str, ...] = option((), "what `--set` changes in it")
    restores: Optional[str] = option(None, "row whose trained model it begins from")
    sizes_of: Optional[str] = option(None, "row whose kept units it has as sizes")
    best_of: Tuple[str, ...] = option((), "rows; config and overrides are those of the one with the best validation")
    published: Optional[str] = option(None, "folder in results/; null is that of the table and the row's name")
    paper: Reported = option(Reported, "what the paper reports")

    def check(self, at: options.At) -> None:
        """The config is named, or that of another row."""
        if (self.config is None) == (not self.best_of):
            raise UserError("{}: a row needs a config or best_of, one of the two.".format(at("config")))

    @property
    def sources(self) -> Tuple[str, ...]:
        """The rows whose results decide this row's config."""
        return self.best_of + ((self.sizes_of,) if self.sizes_of else ())


@dataclass(frozen=True)
class Table:
    """A table at one scale; its first row is the dense one that ratios are taken to."""

    title: str = option(REQUIRED, "what the table shows")
    trainer: str = option(REQUIRED, "who trains its rows", choices=("ptb", "rhns", "bidaf"))
    data_path: str = option(REQUIRED, "default of `--data_path`")
    data_help: str = option(REQUIRED, "how to get that data")
    vocabulary: Dict[str, int] = option(REQUIRED, "sizes of the vocabulary that costs are counted with", minimum=1)
    batch: Tuple[int, ...] = option(
        REQUIRED, "what is timed: sequences and steps; or questions, words of context and of question", minimum=1
    )
    groups: Tuple[str, ...] = option(REQUIRED, "the unit groups that are listed, in this order")
    rows: Tuple[Row, ...] = option(REQUIRED, "the experiments, in the order in which they are run")

    def check(self, at: options.At) -> None:
        """Names are unique, and a row refers to rows above it."""
        known = []
        for index, row in enumerate(self.rows):
            place = at("rows.{}".format(index))
            if row.name in known:
                raise UserError("{}: there are two rows '{}'; rename one.".format(place, row.name))
            for name in row.sources + ((row.restores,) if row.restores else ()):
                if name not in known:
                    raise names.unknown(name, known, place, "row above it")
            known.append(row.name)

    def row(self, name: str) -> Row:
        """The row of that name."""
        return next(row for row in self.rows if row.name == name)

    @property
    def names(self) -> Tuple[str, ...]:
        """The rows' names in order."""
        return tuple(row.name for row in self.rows)


def load(number: int, scale: str) -> Table:
    """The rows of one table at one of :data:`SCALES`."""
    return config.load(Table, os.path.join(_FOLDER, "table{}_{}.json".format(number, scale)))
