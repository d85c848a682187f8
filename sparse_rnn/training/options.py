"""The sections that the trainers' configs share: how to train, and what to make sparse.

The defaults are the small model of TensorFlow's PTB tutorial (Zaremba et al., 2014), dense.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from sparse_rnn import names
from sparse_rnn.errors import UserError
from sparse_rnn.training.config import REQUIRED, option

#: ``at(key)`` is the place of a key, to begin the sentence of an error with.
At = Callable[[str], str]


def schedule_kind(default):
    """The key that says which schedule it is, for a trainer's own default."""
    return option(
        default,
        "constant; delayed_decay: times `factor` in every epoch past `after`; equal_steps: times `factor` at each of "
        "`parts` equal stretches",
        choices=("constant", "delayed_decay", "equal_steps"),
    )


@dataclass(frozen=True)
class Schedule:
    """How the learning rate falls; :func:`sparse_rnn.training.schedules.learning_rate` has the formulas."""

    kind: str = schedule_kind("delayed_decay")
    factor: float = option(0.5, "what the learning rate is multiplied by at each decay", above=0, maximum=1)
    after: int = option(4, "delayed_decay: number of epochs at the full learning rate", minimum=0)
    parts: int = option(3, "equal_steps: number of stretches of equal length", minimum=1)


@dataclass(frozen=True)
class Optimization:
    """What every trainer is told about training."""

    epochs: int = option(13, "passes over the training text; 0 only evaluates", minimum=0)
    batch_size: int = option(20, "sequences per batch", minimum=1)
    optimizer: str = option("sgd", "sgd, or adam with its default betas", choices=("sgd", "adam"))
    learning_rate: float = option(1.0, "learning rate of the first epoch", above=0)
    schedule: Schedule = option(Schedule, "how the learning rate falls")
    weight_decay: float = option(
        0.0, "this times half the sum of all squared weights is added to the loss, and counted as penalty", minimum=0
    )
    max_grad_norm: Optional[float] = option(
        5.0, "gradients are clipped to this global norm, penalties included; null clips none", above=0
    )
    variables: Tuple[str, ...] = option(("*",), "the variables that are trained, names or patterns; all others rest")
    seed: int = option(1, "decides initial weights and dropout masks", minimum=0, maximum=2**31 - 1)
    checkpoint_minutes: float = option(10.0, "minutes between checkpoints inside an epoch", above=0)


@dataclass(frozen=True)
class Train(Optimization):
    """How to train a language model."""

    num_steps: int = option(20, "time steps that the gradient runs back", minimum=1)
    average_decay: float = option(
        0.0,
        "moving average of the weights, which evaluation uses: share that stays at each update; 0 keeps none",
        minimum=0,
        maximum=1,
    )


@dataclass(frozen=True)
class Penalty:
    """One term of the loss that makes weights zero; the formulas are in :mod:`sparse_rnn.regularizers`."""

    kind: str = option(
        REQUIRED,
        "units: group Lasso over whole units; rows, columns: group Lasso over rows or columns of matrices; l1",
        choices=("units", "rows", "columns", "l1"),
    )
    strength: float = option(REQUIRED, "lambda, the factor in front of the penalty", minimum=0)
    groups: Tuple[str, ...] = option(
        (), "units: the groups of the model's structure to penalise; names, or patterns such as `lstm_*`"
    )
    group_file: Optional[str] = option(
        None,
        "units: penalise the groups of this JSON file instead; relative to the config file, or with `--set` to the "
        "current folder",
        is_path=True,
    )
    variables: Tuple[str, ...] = option(
        (), "l1, rows, columns: the variables to penalise; names, or patterns such as `Model/RNN/*/kernel`"
    )
    multipliers: Dict[str, float] = option(dict, "further factors on the strength, by group or variable", minimum=0)
    scale_by_size: bool = option(False, "also multiply each group's norm by the square root of its size")

    def check(self, at: At) -> None:
        """Hold what is listed against the kind of the penalty."""
        for key in ("groups", "variables"):
            listed = getattr(self, key)
            for index, name in enumerate(listed):
                if name in listed[:index]:
                    raise UserError("{} lists '{}' twice; keep one of the two.".format(at(key), name))
        if self.kind == "units":
            self._check_units(at)
        else:
            self._check_variables(at)

    def strength_of(self, name: str) -> float:
        """The strength for one group or variable, its multiplier included."""
        spellings = (name, names.other_spelling(name))
        found = [spelling for spelling in spellings if spelling in self.multipliers]
        return self.strength * (self.multipliers[found[0]] if found else 1.0)

    def _check_units(self, at: At) -> None:
        if self.variables:
            raise UserError("{} is for l1, rows and columns; a penalty of units takes groups.".format(at("variables")))
        if bool(self.groups) == bool(self.group_file):
            raise UserError("{}: a penalty of units needs groups or a group_file, one of the two.".format(at("groups")))
        if self.group_file and self.multipliers:
            raise UserError("{} must stay empty: a group_file holds its own.".format(at("multipliers")))

    def _check_variables(self, at: At) -> None:
        for key in ("groups", "group_file"):
            if getattr(self, key):
                raise UserError("{} is for units; a penalty of {} takes variables.".format(at(key), self.kind))
        if not self.variables:
            raise UserError('{} is empty; name variables, or "*" for all.'.format(at("variables")))


@dataclass(frozen=True)
class Target:
    """What is to be left at the end of training, one of the two; :mod:`sparse_rnn.training.steering` gets there."""

    units: Optional[int] = option(None, "kept units of all groups together that penalties of units act on", minimum=1)
    weights: Optional[int] = option(None, "weights of the model without its dead units", minimum=1)

    def check(self, at: At) -> None:
        """One of the two is given."""
        if (self.units is None) == (self.weights is None):
            raise UserError("{}: a target is of units or of weights, one of the two.".format(at("units")))


@dataclass(frozen=True)
class Sparsity:
    """What to make zero, and what to keep at zero."""

    penalties: Tuple[Penalty, ...] = option((), "what is added to the loss; none trains a dense model")
    threshold: float = option(
        1e-4, "while there are penalties, weights below it are set to zero after each update; 0 sets none", minimum=0
    )
    zero_variables: Tuple[str, ...] = option(("*",), "the variables that the threshold acts on, names or patterns")
    target: Optional[Target] = option(
        None,
        "adjust the strength of the penalties of units while training, so that this is left: "
        '`{"units": 120}` or `{"weights": 1500000}`',
    )
    compact_every_epochs: int = option(
        0, "cut dead units out of the model at the end of every so many epochs, and train on; 0 never does", minimum=0
    )
    freeze: str = option(
        "none",
        "keep zeros at zero: element: each weight that is zero; group: each unit that is zero",
        choices=("none", "element", "group"),
    )

    def check(self, at: At) -> None:
        """Refuse a target without a penalty to steer, and penalties that would change when units are cut out."""
        if self.target is not None:
            self._check_target(at)
        for index, penalty in enumerate(self.penalties if self.compact_every_epochs else ()):
            for key, why in (
                ("group_file", "its indices are those of the model that training begins with"),
                ("scale_by_size", "it would change with every unit that goes"),
            ):
                if getattr(penalty, key):
                    place = at("penalties.{}.{}".format(index, key))
                    raise UserError("{} cannot go with compact_every_epochs: {}.".format(place, why))

    def _check_target(self, at: At) -> None:
        steered = [penalty for penalty in self.penalties if penalty.kind == "units"]
        if not any(penalty.strength for penalty in steered):
            raise UserError("{} needs a penalty of units whose strength is above 0 to steer.".format(at("target")))
        if any(penalty.group_file for penalty in steered):
            raise UserError("{} goes by groups of the model; a group_file cannot be steered.".format(at("target")))

    @property
    def active_threshold(self) -> float:
        """The threshold of this run: 0 where nothing is penalised, so that dense training is left alone."""
        return self.threshold if self.penalties else 0.0


def match_names(patterns: Iterable[str], known: Sequence[str], where: str, kind: str = "variable") -> List[str]:
    """The variables or groups that names or patterns mean, each once, in the order of the patterns.

    Args:
      patterns: names or :mod:`fnmatch` patterns, whose ``*`` also spans slashes, in either era's spelling.
      known: what exists.
      where: what the patterns were found in, for the error.
      kind: what the names are names of, for the error.

    Raises:
      UserError: a pattern matches nothing; the sentence gives the nearest name.

    >>> match_names(["cell/*", "softmax_w"], ["cell/kernel", "cell/bias", "softmax_w"], "test")
    ['cell/kernel', 'cell/bias', 'softmax_w']
    """
    matched: Dict[str, None] = {}
    for pattern in patterns:
        spellings = [spelling for spelling in (pattern, names.other_spelling(pattern)) if spelling]
        found = [name for name in known if any(fnmatchcase(name, spelling) for spelling in spellings)]
        if not found:
            raise names.unknown(pattern, known, where, kind)
        matched.update(dict.fromkeys(found))
    return list(matched)


def check_names(sparsity: Sparsity, groups: Sequence[str], variables: Sequence[str], at: At) -> None:
    """Hold every name in a sparsity section against the groups and variables of the model.

    Args:
      sparsity: the section.
      groups: names of the groups of the model's structure.
      variables: names of the model's variables.
      at: place of a key of the section.

    Raises:
      UserError: a name or pattern that matches nothing; the sentence gives the nearest name.
    """
    match_names(sparsity.zero_variables, variables, at("zero_variables"))
    for index, penalty in enumerate(sparsity.penalties):
        place = "penalties.{}.".format(index)
        penalised = match_names(penalty.groups, groups, at(place + "groups"), "group") + match_names(
            penalty.variables, variables, at(place + "variables")
        )
        for name in penalty.multipliers:
            if name not in penalised and names.other_spelling(name) not in penalised:
                raise names.unknown(name, penalised, at(place + "multipliers"), "penalised name")
