"""Where each row of a table stands: done, begun or not run, what it waits for, and the command that trains it."""

import json
import os
import shlex
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Tuple

from paper import outcomes
from paper.kinds import KINDS
from sparse_rnn.errors import UserError
from sparse_rnn.training import config
from sparse_rnn.training.run_directory import difference

#: Default folder of the run directories.
RUNS = "runs"
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass(frozen=True)
class Run:
    """How a row is trained.

    Attributes:
      experiment: the config; None while it follows from rows that are not done.
      settings: flags of the trainer's script that make it.
      restores: the row whose trained model it begins from, if any.
      waits_for: names of the rows that must be done first.
    """

    experiment: Any
    settings: List[str]
    restores: Optional[str]
    waits_for: Tuple[str, ...]


class Board:
    """The rows of a table at one scale.

    Args:
      name: of the table and the scale, such as ``table1_cpu``; folders are called so.
      table: the Table.
      data_path: what the rows are trained on.
      runs_path: folder of the run directories.
      results_path: folder of what is published.

    Attributes:
      kind: what is to be known of the table's trainer.
    """

    def __init__(self, name, table, data_path, runs_path, results_path):
        self.name, self.table, self.kind = name, table, KINDS[table.trainer]
        self.data_path, self._runs_path, self._results_path = data_path, runs_path, results_path

    def run_path(self, name, here=True):
        """The run directory of a row; ``here`` is False for that of everybody's commands."""
        return os.path.join(self._runs_path if here else RUNS, self.name, name)

    def published_path(self, name):
        """Its folder in results/."""
        return os.path.join(self._results_path, self.table.row(name).published or os.path.join(self.name, name))

    def outcome(self, name):
        """The row's Outcome, the published one where that is finished; None where it is not run.

        Where both are damaged, or one is and the other was not begun, it is a damaged one.

        Raises:
          UserError: what was run is another experiment than the row's.
        """
        places = [self.published_path(name), self.run_path(name)]
        found = [(outcomes.read(place), place) for place in places]
        begun = [each for each in found if each[0] is not None]
        if not begun:
            return None
        whole = [each for each in begun if not each[0].damage] or begun
        outcome, place = next((each for each in whole if each[0].finished), whole[-1])
        self._check(name, outcome, place)
        return outcome

    def epochs_here(self, name):
        """How many epochs of the row its run directory holds, from which it goes on."""
        outcome = outcomes.read(self.run_path(name))
        if outcome is None:
            return 0
        self._check(name, outcome, self.run_path(name))
        return len(outcome.rows)

    def is_done(self, name):
        """Whether the row is trained to its end, here or elsewhere."""
        outcome = self.outcome(name)
        return outcome is not None and outcome.finished

    def experiment(self, name):
        """The row's config, or that of its finished run where it follows from rows that are not done; None without."""
        outcome, known = self.outcome(name), self.run(name).experiment
        if known is None and outcome is not None and outcome.finished:
            return config.from_dict(self.kind.experiment, outcome.config, self.run_path(name))
        return known

    def damage(self, name):
        """What is wrong with the row's files, a sentence; empty where nothing is."""
        outcome = self.outcome(name)
        return outcome.damage if outcome else ""

    def missing(self, chosen):
        """The rows to train so that all of ``chosen`` are done, in the table's order.

        A row that others begin from is among them where only its numbers are here and its checkpoint is not.
        """
        wanted = {name for name in chosen if not self.is_done(name)}
        wanted |= {self.table.row(name).restores for name in wanted if not self._has_model(self.table.row(name))}
        return [name for name in self.table.names if name in wanted]

    def run(self, name):
        """The Run of a row."""
        row = self.table.row(name)
        missing = tuple(source for source in row.sources if not self.is_done(source))
        if missing:
            return Run(None, [], None, missing)
        row = self._as_the_best(row)
        overrides = list(row.overrides)
        experiment = self.kind.load(os.path.join(ROOT, row.config), overrides)
        if row.sizes_of:
            overrides += self._sizes(experiment, self.outcome(row.sizes_of).kept)
            experiment = config.override(experiment, overrides)
        settings = ["--config=" + row.config] + ["--set=" + text for text in overrides]
        return Run(experiment, settings, row.restores, () if self._has_model(row) else (row.restores,))

    def arguments(self, name, here=True):
        """What the trainer's script is called with for a row whose experiment is known, with paths of here or not."""
        run = self.run(name)
        paths = [("data", self.data_path if here else self.table.data_path), ("save", self.run_path(name, here))]
        paths += [("restore", self.run_path(run.restores, here))] if run.restores else []
        return run.settings + ["--{}_path={}".format(*each) for each in paths]

    def command(self, name, here=True):
        """The row's command line, or what it waits for; ``here`` as for :meth:`arguments`."""
        if self.run(name).experiment is None:
            return "(follows from {})".format(", ".join(self.run(name).waits_for))
        return " ".join(["python", self.kind.script] + [shlex.quote(each) for each in self.arguments(name, here)])

    def publish(self, name):
        """Copy the row's numbers to results/, as far as it has come.

        What is published of a finished run, or damaged, gives way to a finished run only.

        Raises:
          UserError: what was run is another experiment than the row's.
        """
        ours, published = outcomes.read(self.run_path(name)), outcomes.read(self.published_path(name))
        if ours is None:
            return
        self._check(name, ours, self.run_path(name))
        gives_way = published is None or ours.finished or not (published.finished or published.damage)
        if ours.damage or not gives_way:
            return
        outcomes.publish(self.run_path(name), self.published_path(name), self.command(name, here=False))

    def _as_the_best(self, row):
        if not row.best_of:
            return row
        measured = {name: self.kind.measured(self.outcome(name).report)[self.kind.selects] for name in row.best_of}
        best = self.table.row((max if self.kind.largest else min)(measured, key=measured.get))
        return replace(row, config=best.config, overrides=best.overrides + row.overrides, restores=best.restores)

    def _sizes(self, experiment, units):
        """What gives the model of an experiment these sizes, in the form of ``--set``."""
        small = self.kind.at(experiment, self.table.vocabulary, units)
        before, after = (config.to_dict(each)["model"] for each in (experiment, small))
        return ["model.{}={}".format(key, json.dumps(after[key])) for key in after if after[key] != before[key]]

    def _has_model(self, row):
        """Whether the model that a row begins from is here, if it begins from one."""
        return row.restores is None or os.path.exists(os.path.join(self.run_path(row.restores), outcomes.REPORT))

    def _check(self, name, outcome, place):
        experiment = self.run(name).experiment
        if experiment is None or not outcome.config:
            return
        recorded = config.from_dict(self.kind.experiment, outcome.config, os.path.join(place, "config.json"))
        found = difference(*(dict(config.to_dict(each), description="") for each in (recorded, experiment)))
        if found:
            raise UserError(
                "{} holds another experiment than the row '{}': {}; move it away, or rename the row.".format(
                    place, name, found
                )
            )
