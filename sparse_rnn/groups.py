"""Which weights belong to which unit: the structure of a model.

A recurrent layer has units. Everything that exists only because unit k exists is one group
of weights: in an LSTM the k-th column of the four gate blocks, the k-th recurrent row, the
k-th bias of each gate, and row k of every matrix that reads the hidden state (the paper's
"ISS component", section 3). A :class:`UnitGroup` writes this down for all n units of a layer
at once; the structure of a model is the list of its groups.
"""

from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

import numpy as np

from sparse_rnn import names
from sparse_rnn.errors import UserError

#: What a slice is to its unit. ``gate`` is written by the unit's inputs, ``recurrent`` and
#: ``consumer`` read the unit, ``bias`` is added to it, ``state`` is no weight at all but runs
#: along the units (the carried hidden and cell state) and shrinks with them.
ROLES = ("gate", "recurrent", "consumer", "bias", "state")
#: The weights through which anything learns of a unit.
OUTGOING = ("recurrent", "consumer")
#: The weights that a group Lasso acts on by default: all but biases.
PENALISED = ("gate", "recurrent", "consumer")


@dataclass(frozen=True)
class Slice:
    """Where the units 0..n-1 of a group lie in one variable: at ``start + k`` along ``axis``.

    Attributes:
      variable: name of the variable, without ``:0``.
      axis: the axis along which the units run.
      start: index of unit 0 along that axis.
      role: one of :data:`ROLES`.
      multiplier: weight of this slice's squares inside the root of the penalty.
    """

    variable: str
    axis: int
    start: int
    role: str
    multiplier: float = 1.0

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise names.unknown(self.role, ROLES, "slice of '{}'".format(self.variable), "role")

    def indices(self, size: int) -> range:
        """The indices along ``axis`` that a group of ``size`` units covers."""
        return range(self.start, self.start + size)

    def of(self, array: np.ndarray, size: int) -> np.ndarray:
        """The part of ``array`` that ``size`` units own, units first: ``[size, ...]``."""
        taken = array.take(self.indices(size), axis=self.axis)
        return np.moveaxis(taken, self.axis, 0)


@dataclass(frozen=True)
class UnitGroup:
    """The ``size`` units of one layer and every slice of every variable that they own."""

    name: str
    size: int
    slices: Tuple[Slice, ...]

    def select(self, roles: Sequence[str]) -> Tuple[Slice, ...]:
        """The slices that have one of ``roles``."""
        return tuple(part for part in self.slices if part.role in roles)


Structure = Sequence[UnitGroup]


def find(structure: Structure, name: str, where: str) -> UnitGroup:
    """The group called ``name``; a UserError with the nearest name where there is none."""
    for group in structure:
        if group.name == name:
            return group
    raise names.unknown(name, [group.name for group in structure], where, "group")


def check(structure: Structure, shapes: Mapping[str, Tuple[int, ...]]) -> None:
    """Hold a structure against the shapes of the variables it speaks of.

    Args:
      structure: the groups.
      shapes: variable name -> shape. Variables that only carry state may be absent.

    Raises:
      UserError: a variable that does not exist, an axis or range that does not fit, or an
        index that two slices claim.
    """
    claimed: Dict[Tuple[str, int], List[Tuple[range, str]]] = {}
    seen: List[str] = []
    for group in structure:
        if group.name in seen:
            raise UserError("two groups are called '{}'; give each a name of its own.".format(group.name))
        seen.append(group.name)
        if group.size < 1 or not group.slices:
            raise UserError("group '{}' owns nothing; it needs at least one unit and one slice.".format(group.name))
        for part in group.slices:
            if part.role == "state" and part.variable not in shapes:
                continue
            _check_fits(group, part, shapes)
            _claim(claimed, group, part)


def resolved(structure: Structure, shapes: Mapping[str, Tuple[int, ...]]) -> List[UnitGroup]:
    """The structure with each variable's name spelled as ``shapes`` has it, checked as by :func:`check`.

    >>> group = UnitGroup("lstm", 2, (Slice("cell/weights", 1, 0, "gate"),))
    >>> resolved([group], {"cell/kernel": (5, 8)})[0].slices[0].variable
    'cell/kernel'
    """
    spelled = [
        replace(group, slices=tuple(_spelled(group, part, shapes) for part in group.slices)) for group in structure
    ]
    check(spelled, shapes)
    return spelled


def _spelled(group: UnitGroup, part: Slice, shapes: Mapping[str, Tuple[int, ...]]) -> Slice:
    if part.role == "state":
        return part
    return replace(part, variable=names.resolve(part.variable, shapes, "group '{}'".format(group.name)))


def _check_fits(group: UnitGroup, part: Slice, shapes: Mapping[str, Tuple[int, ...]]) -> None:
    where = "group '{}'".format(group.name)
    if part.variable not in shapes:
        raise names.unknown(part.variable, shapes, where, "variable")
    shape = tuple(shapes[part.variable])
    if not 0 <= part.axis < len(shape):
        raise UserError(
            "{}: '{}' has shape {}, so there is no axis {}.".format(where, part.variable, list(shape), part.axis)
        )
    if part.start < 0 or part.start + group.size > shape[part.axis]:
        raise UserError(
            "{}: '{}' has {} indices along axis {}, so [{}, {}) does not fit.".format(
                where, part.variable, shape[part.axis], part.axis, part.start, part.start + group.size
            )
        )


def _claim(claimed: Dict[Tuple[str, int], List[Tuple[range, str]]], group: UnitGroup, part: Slice) -> None:
    mine = part.indices(group.size)
    others = claimed.setdefault((part.variable, part.axis), [])
    for theirs, owner in others:
        first, last = max(mine.start, theirs.start), min(mine.stop, theirs.stop)
        if first < last:
            raise UserError(
                "index {} along axis {} of '{}' is claimed by group '{}' and again by group '{}'.".format(
                    first, part.axis, part.variable, owner, group.name
                )
            )
    others.append((mine, group.name))


def shapes_of(weights: Mapping[str, np.ndarray]) -> Dict[str, Tuple[int, ...]]:
    """``{name: shape}`` of ``{name: array}``."""
    return {name: tuple(np.shape(array)) for name, array in weights.items()}


def variables_of(structure: Structure, roles: Iterable[str] = ROLES) -> List[str]:
    """Names of the variables that the structure speaks of in the given roles, each once, in order."""
    wanted = tuple(roles)
    return list(dict.fromkeys(part.variable for group in structure for part in group.select(wanted)))
