"""Cut dead units out of the arrays: what is left is an ordinary, smaller, dense network.

Nothing that stays ever reads a dead unit, so the small network computes the same outputs; only the order
in which a sum is rounded differs. Where that cannot be had, removal is refused.
"""

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from sparse_rnn import groups, names, sparsity
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Structure, UnitGroup

#: (variable, axis) -> the indices along that axis that go.
_Cuts = Dict[Tuple[str, int], np.ndarray]


@dataclass(frozen=True)
class Compacted:
    """A smaller network.

    Attributes:
      weights: name -> array of the same names and dtypes, no larger than before.
      structure: where the units that stay lie in those arrays.
      kept: group name -> the units that stay, by their numbers before.
    """

    weights: Dict[str, np.ndarray]
    structure: List[UnitGroup]
    kept: Dict[str, np.ndarray]


def compact(
    weights: Mapping[str, np.ndarray], structure: Structure, kept: Optional[Mapping[str, Any]] = None
) -> Compacted:
    """Cut units out of every variable that they own a slice of.

    Optimiser slots and moving averages of a variable (see :func:`sparse_rnn.names.owner`) shrink with
    it; arrays that no unit owns a part of are copied. The arguments are not modified.

    Args:
      weights: name -> array, a whole checkpoint for example.
      structure: the complete structure of the model: a reader that it leaves out is not protected.
      kept: group name -> the units that stay, as a bool mask ``[units]`` or as indices; a group that is not named
        keeps all. By default all dead units go, but one unit of every layer stays (see
        :func:`sparse_rnn.sparsity.kept_units`).

    Raises:
      UserError: the structure does not fit the arrays; ``kept`` names no group, no unit or something that is
        not there, or leaves out a unit that is still read.

    >>> from sparse_rnn import iss
    >>> layer = iss.lstm_units("lstm", "kernel", "bias", input_size=3, units=2, consumers=[iss.Consumer("softmax_w")])
    >>> weights = {"kernel": np.ones([5, 8]), "bias": np.ones(8), "softmax_w": np.ones([2, 10])}
    >>> weights["kernel"][3] = weights["softmax_w"][0] = 0.0  # nothing reads unit 0
    >>> small = compact(weights, [layer])
    >>> small.kept, groups.shapes_of(small.weights)
    ({'lstm': array([1])}, {'kernel': (4, 4), 'bias': (4,), 'softmax_w': (1, 10)})
    """
    shapes = groups.shapes_of(weights)
    groups.check(structure, shapes)
    stays = sparsity.kept_units(weights, structure) if kept is None else _chosen(weights, structure, kept)
    cuts = _cuts(structure, stays)
    return Compacted(
        weights={name: _shrunk(array, _model_variable(name, shapes, cuts), cuts) for name, array in weights.items()},
        structure=[_renumbered(group, len(stays[group.name]), cuts) for group in structure],
        kept=stays,
    )


def expand(
    weights: Mapping[str, np.ndarray],
    structure: Structure,
    kept: Mapping[str, np.ndarray],
    shapes: Mapping[str, Tuple[int, ...]],
) -> Dict[str, np.ndarray]:
    """The arrays of a small model at the sizes before removal: the same function, with zeros where units were cut out.

    So that a model that shrank can be counted, drawn and compared like one that did not.

    Args:
      weights: name -> array of the small model.
      structure: the structure before removal.
      kept: group name -> the units that stayed, by their numbers before; every group is named.
      shapes: name -> shape before removal of each of ``weights``.

    Raises:
      UserError: the structure does not fit the shapes.

    >>> from sparse_rnn import iss
    >>> layer = iss.lstm_units("lstm", "kernel", None, input_size=1, units=2, consumers=[iss.Consumer("softmax_w")])
    >>> small = {"kernel": np.ones([2, 4]), "softmax_w": np.full([1, 3], 7.0)}
    >>> expand(small, [layer], {"lstm": np.array([1])}, {"kernel": (3, 8), "softmax_w": (2, 3)})["softmax_w"]
    array([[0., 0., 0.],
           [7., 7., 7.]])
    """
    groups.check(structure, shapes)
    cuts = _cuts(structure, kept)
    expanded = {}
    for name, array in weights.items():
        stays = [np.arange(length) for length in shapes[name]]
        variable = _model_variable(name, shapes, cuts)
        for axis, every in enumerate(stays):
            stays[axis] = np.setdiff1d(every, cuts.get((variable or name, axis), every[:0]))
        expanded[name] = np.zeros(shapes[name], array.dtype)
        expanded[name][np.ix_(*stays)] = array
    return expanded


def _chosen(weights: Mapping[str, np.ndarray], structure: Structure, kept: Mapping[str, Any]) -> Dict[str, np.ndarray]:
    """``kept`` as indices by group, each cut unit proven dead."""
    for name in kept:
        groups.find(structure, name, "kept")
    stays = {group.name: _indices(group, kept.get(group.name, range(group.size))) for group in structure}
    for name, live in sparsity.live_units(weights, structure).items():
        lost = np.setdiff1d(np.flatnonzero(live), stays[name])
        if lost.size:
            raise UserError(
                "unit {} of '{}' is still read by '{}'; keep it, or make the weights that read it zero first.".format(
                    lost[0], name, sparsity.readers(weights, structure, name, lost[0])[0]
                )
            )
    return stays


def _indices(group: UnitGroup, units: Any) -> np.ndarray:
    chosen = np.asarray(units)
    if chosen.dtype == bool and chosen.shape == (group.size,):
        chosen = np.flatnonzero(chosen)
    if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
        raise UserError(
            "kept['{}'] must say which units stay, one at least: a mask of {} bools or a list of indices.".format(
                group.name, group.size
            )
        )
    if chosen.min() < 0 or chosen.max() >= group.size:
        raise UserError(
            "kept['{}'] has unit {}, but the units are 0 to {}.".format(
                group.name, chosen.min() if chosen.min() < 0 else chosen.max(), group.size - 1
            )
        )
    return np.unique(chosen)


def _cuts(structure: Structure, stays: Mapping[str, np.ndarray]) -> _Cuts:
    cuts: _Cuts = {}
    for group in structure:
        gone = np.setdiff1d(np.arange(group.size), stays[group.name])
        for part in group.slices:
            place = (part.variable, part.axis)
            cuts[place] = np.concatenate([cuts.get(place, gone[:0]), part.start + gone])
    return cuts


def _model_variable(name: str, shapes: Mapping[str, Tuple[int, ...]], cuts: _Cuts) -> Optional[str]:
    """The variable that says how ``name`` shrinks: itself, or the one that it is a slot or average of."""
    variable: Optional[str] = name
    while variable is not None and not any(variable == cut for cut, _ in cuts):
        variable = names.owner(variable, shapes)
    return variable


def _shrunk(array: np.ndarray, variable: Optional[str], cuts: _Cuts) -> np.ndarray:
    for (cut, axis), gone in cuts.items():
        if cut == variable and gone.size:
            array = np.delete(array, gone, axis=axis)
    return np.array(array)


def _renumbered(group: UnitGroup, size: int, cuts: _Cuts) -> UnitGroup:
    """The group with ``size`` units, each slice moved up by what was cut in front of it."""
    slices = tuple(
        replace(part, start=part.start - int(np.sum(cuts[part.variable, part.axis] < part.start)))
        for part in group.slices
    )
    return replace(group, size=size, slices=slices)
