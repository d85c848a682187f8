"""What is zero, and which units nothing reads any more.

Two words that are close but not the same: a *zero unit* has no penalised weight left (what the
paper counts); a *dead unit* may still have gates and biases, but nothing that matters reads it, so cutting
it out changes no output. Every zero unit is dead.
"""

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from sparse_rnn import cost, groups, names, tables
from sparse_rnn.errors import UserError
from sparse_rnn.groups import OUTGOING, PENALISED, Slice, Structure, UnitGroup

Weights = Mapping[str, np.ndarray]
Masks = Dict[str, np.ndarray]

LEGEND = "(kept: something reads the unit; removed: nothing does; zero: all its penalised weights are 0)"


class _Reading(NamedTuple):
    """One outgoing slice: ``nonzero[k, p]`` is whether unit k reaches place p of the variable's other axes."""

    group: UnitGroup
    part: Slice
    nonzero: np.ndarray


def live_units(weights: Weights, structure: Structure) -> Masks:
    """Which units something still reads; all others can be cut out without changing any output.

    A unit is live when a non-zero outgoing weight carries it to something that is not itself a dead
    unit. By mark and sweep: every unit starts dead, a weight counts when it is not exactly zero and does not
    lie in a gate slice of a unit that is still dead, and the marks spread until none is added. Hence units
    that only feed themselves or each other are dead as well. Outgoing weights are compared with zero, not squared:
    the square of a small weight underflows.

    Args:
      weights: name -> array of at least the variables that the structure speaks of.
      structure: the complete structure of the model.

    Returns:
      Group name -> bool ``[units]``, True where the unit is live.

    Raises:
      UserError: the structure does not fit the arrays, or names nothing that reads a group.

    >>> from sparse_rnn import iss
    >>> layer = iss.lstm_units("lstm", "kernel", None, input_size=1, units=2, consumers=[iss.Consumer("softmax_w")])
    >>> kernel = np.ones([3, 8])
    >>> kernel[2, 0::2] = 0.0  # unit 1 no longer feeds unit 0, only itself
    >>> live_units({"kernel": kernel, "softmax_w": np.array([[3.0], [0.0]])}, [layer])
    {'lstm': array([ True, False])}
    """
    readings = _readings(weights, structure)
    live = {group.name: np.zeros(group.size, dtype=bool) for group in structure}
    visited = [np.zeros(reading.nonzero.shape[1], dtype=bool) for reading in readings]
    spreading = True
    while spreading:
        spreading = False
        for reading, seen in zip(readings, visited):
            fresh = _alive_places(weights, structure, reading.part, live) & ~seen
            if fresh.any():
                spreading = True
                seen |= fresh
                live[reading.group.name] |= reading.nonzero[:, fresh].any(axis=1)
    return live


def kept_units(weights: Weights, structure: Structure) -> Dict[str, np.ndarray]:
    """The units that stay when dead ones are cut out: group name -> increasing indices.

    A layer keeps at least one unit, its first where all are dead, because a layer of width 0
    is no network any more. A dead unit changes nothing by staying.
    """
    live = live_units(weights, structure)
    return {name: np.flatnonzero(mask) if mask.any() else np.array([0]) for name, mask in live.items()}


def readers(weights: Weights, structure: Structure, group: str, unit: int) -> List[str]:
    """Names of the variables through which something live reads the unit; none where it is dead."""
    live = live_units(weights, structure)
    return list(
        dict.fromkeys(
            reading.part.variable
            for reading in _readings(weights, structure)
            if reading.group.name == group
            and (reading.nonzero[unit] & _alive_places(weights, structure, reading.part, live)).any()
        )
    )


def zero_units(weights: Weights, structure: Structure) -> Masks:
    """Which units have no penalised weight (gate, recurrent, consumer) other than 0: what the paper counts."""
    groups.check(structure, groups.shapes_of(weights))
    zero = {group.name: np.ones(group.size, dtype=bool) for group in structure}
    for group in structure:
        for part in group.select(PENALISED):
            zero[group.name] &= ~_nonzero(weights, group, part).any(axis=1)
    return zero


def norms(weights: Weights, group: UnitGroup) -> np.ndarray:
    """Norms of the units' penalised weights, the terms of the group Lasso (the paper's section 3).

    Args:
      weights: name -> array of at least the group's variables.
      group: the UnitGroup.

    Returns:
      ``[units]``, ``sqrt(sum_s multiplier_s * |W_s[k]|^2)`` over the slices s of unit k.
    """
    squares = np.zeros(group.size)
    for part in group.select(PENALISED):
        own = part.of(weights[part.variable], group.size).reshape(group.size, -1).astype(np.float64)
        squares += part.multiplier * np.sum(own**2, axis=1)
    return np.sqrt(squares)


def _readings(weights: Weights, structure: Structure) -> List[_Reading]:
    groups.check(structure, groups.shapes_of(weights))
    for group in structure:
        if not group.select(OUTGOING):
            raise UserError(
                "group '{}' names nothing that reads its units, so nothing says which are dead; add its "
                "recurrent and consumer slices.".format(group.name)
            )
    return [
        _Reading(group, part, _nonzero(weights, group, part)) for group in structure for part in group.select(OUTGOING)
    ]


def _nonzero(weights: Weights, group: UnitGroup, part: Slice) -> np.ndarray:
    return (part.of(weights[part.variable], group.size) != 0).reshape(group.size, -1)


def _alive_places(weights: Weights, structure: Structure, part: Slice, live: Masks) -> np.ndarray:
    """Flat over the variable's axes other than ``part.axis``: where a weight lands on no dead unit."""
    shape = list(weights[part.variable].shape)
    shape[part.axis] = 1
    alive = np.ones(shape, dtype=bool)
    for owner in structure:
        for gate in owner.select(["gate"]):
            if gate.variable == part.variable and gate.axis != part.axis:
                dead = gate.start + np.flatnonzero(~live[owner.name])
                np.moveaxis(alive, gate.axis, 0)[dead] = False
    return alive.ravel()


@dataclass(frozen=True)
class GroupCount:
    """Units of one group: ``kept`` and ``removed`` by cutting out the dead, ``zero`` as the paper counts."""

    name: str
    size: int
    kept: int
    removed: int
    zero: int


@dataclass(frozen=True)
class VariableCount:
    """Zeros of one variable: fraction of its elements; rows and columns ``(zero, total)`` of a matrix, else None."""

    name: str
    elements: float
    rows: Optional[Tuple[int, int]]
    columns: Optional[Tuple[int, int]]

    def fractions(self) -> Dict[str, float]:
        """``elements``, and for a matrix ``rows`` and ``columns``: fractions that are zero."""
        lines = {"rows": self.rows, "columns": self.columns}
        return dict(elements=self.elements, **{key: pair[0] / pair[1] for key, pair in lines.items() if pair})


@dataclass(frozen=True)
class Report:
    """How sparse a model is, and what it costs now and once its dead units are cut out."""

    groups: Sequence[GroupCount]
    variables: Sequence[VariableCount]
    weights: int
    weights_after: int
    multiply_adds: int
    multiply_adds_after: int

    def as_dict(self) -> Dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)

    def scalars(self) -> Dict[str, float]:
        """TensorBoard tag -> value: ``units/<group>/kept``, ``sparsity/<variable>/elements|rows|columns``."""
        tags: Dict[str, float] = {"units/{}/kept".format(group.name): group.kept for group in self.groups}
        for variable in self.variables:
            for kind, fraction in variable.fractions().items():
                tags["sparsity/{}/{}".format(variable.name, kind)] = fraction
        return tags

    def as_row(self) -> Dict[str, float]:
        """CSV column -> number: the scalars, the groups' sizes and the four costs."""
        row = {"units/{}/size".format(group.name): group.size for group in self.groups}
        costs = ("weights", "weights_after", "multiply_adds", "multiply_adds_after")
        return dict(self.scalars(), **row, **{name: getattr(self, name) for name in costs})

    def __str__(self) -> str:
        units = [
            (
                group.name,
                "kept {} of {}".format(group.kept, group.size),
                "removed {}".format(group.removed),
                "zero {}".format(group.zero),
            )
            for group in self.groups
        ]
        zeros = [
            (
                variable.name,
                "zero: {:.1%} of elements".format(variable.elements),
                "{} of {} rows".format(*variable.rows) if variable.rows else "",
                "{} of {} columns".format(*variable.columns) if variable.columns else "",
            )
            for variable in self.variables
        ]
        costs = [
            _cost_line("weights", self.weights, self.weights_after),
            _cost_line("multiply-adds per token", self.multiply_adds, self.multiply_adds_after),
        ]
        parts = [tables.aligned(units) + "\n" + LEGEND] + [tables.aligned(rows) for rows in (zeros, costs) if rows]
        return "\n\n".join(parts)


def report(weights: Weights, structure: Structure, variables: Optional[Iterable[str]] = None) -> Report:
    """Count kept units, zeros and costs.

    Args:
      weights: name -> array, a whole checkpoint for example.
      structure: the structure of the model.
      variables: the trainable variables, which are listed and whose weights are counted. By default every
        array of ``weights`` that looks like one: no scalar, no integers, no carried state, no optimiser slot
        or moving average.

    Raises:
      UserError: the structure does not fit the arrays, or a variable does not exist.

    >>> from sparse_rnn import iss
    >>> layer = iss.lstm_units("lstm", "kernel", None, input_size=1, units=2, consumers=[iss.Consumer("softmax_w")])
    >>> weights = {"kernel": np.ones([3, 8]), "softmax_w": np.array([[3.0], [0.0]])}
    >>> weights["kernel"][2] = 0.0
    >>> print(report(weights, [layer]))
    lstm  kept 1 of 2  removed 1  zero 0
    (kept: something reads the unit; removed: nothing does; zero: all its penalised weights are 0)
    <BLANKLINE>
    kernel     zero: 33.3% of elements  1 of 3 rows  0 of 8 columns
    softmax_w  zero: 50.0% of elements  1 of 2 rows  0 of 1 columns
    <BLANKLINE>
    weights                  26 now  9 after removal  2.889x fewer
    multiply-adds per token  26 now  9 after removal  2.889x fewer
    """
    counted = _trainable(weights, structure) if variables is None else list(variables)
    for name in counted:
        if name not in weights:
            raise names.unknown(name, weights, "sparsity report", "variable")
    kept = {name: len(units) for name, units in kept_units(weights, structure).items()}
    zero = zero_units(weights, structure)
    shapes = groups.shapes_of(weights)
    after = cost.shrunk_shapes(shapes, structure, kept)
    return Report(
        groups=[
            GroupCount(
                group.name, group.size, kept[group.name], group.size - kept[group.name], int(zero[group.name].sum())
            )
            for group in structure
        ],
        variables=[_count_zeros(name, weights[name]) for name in counted],
        weights=cost.weight_count({name: shapes[name] for name in counted}),
        weights_after=cost.weight_count({name: after[name] for name in counted}),
        multiply_adds=cost.multiply_adds(shapes, structure),
        multiply_adds_after=cost.multiply_adds(after, structure),
    )


def _trainable(weights: Weights, structure: Structure) -> List[str]:
    shapes = groups.shapes_of(weights)
    states = groups.variables_of(structure, ["state"])
    return [
        name
        for name, array in weights.items()
        # bfloat16 has kind "V", so what is no weight is listed rather than what is.
        if array.ndim and array.dtype.kind not in "biuOSU" and name not in states and names.owner(name, shapes) is None
    ]


def _count_zeros(name: str, array: np.ndarray) -> VariableCount:
    nonzero = array != 0
    elements = 1.0 - np.count_nonzero(nonzero) / max(nonzero.size, 1)
    if array.ndim != 2:
        return VariableCount(name, elements, None, None)
    rows, columns = ((int(np.sum(~nonzero.any(axis=1 - axis))), array.shape[axis]) for axis in (0, 1))
    return VariableCount(name, elements, rows, columns)


def _cost_line(name: str, now: int, after: int) -> Tuple[str, ...]:
    return name, "{:,} now".format(now), "{:,} after removal".format(after), "{:.3f}x fewer".format(now / max(after, 1))
