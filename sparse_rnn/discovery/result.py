"""From classes of indices to unit groups: which are units, what their slices do, what they are called."""

import itertools
from dataclasses import replace
from typing import NamedTuple, Tuple

import numpy as np

from sparse_rnn import names
from sparse_rnn.discovery.classes import Segment
from sparse_rnn.groups import Slice, UnitGroup

#: Last components of names that say what a matrix is to its layer, not which layer it is.
_GENERIC = ("kernel", "weights", "weight", "Matrix", "matrix", "w", "W", "filter", "bias", "biases", "Bias", "b")
#: The order of a group's slices.
_ORDER = ("gate", "recurrent", "bias", "consumer", "state")
#: Why a class is no group though no operation stands in the way.
UNUSED, _UNREAD, _UNWRITTEN = (
    "nothing that is computed from data uses it",
    "no weight reads them",
    "no weight writes them",
)
_NO_OBSTACLES = frozenset([UNUSED, _UNREAD, _UNWRITTEN])
_NOTHING = (
    "no units that could be removed: {}. Change what is named there, or write the groups by hand "
    "(sparse_rnn.iss, sparse_rnn.UnitGroup)."
)


class Pinned(NamedTuple):
    """Indices of trainable variables that must all stay.

    Attributes:
      size: how many there are.
      places: where: (variable, axis, start).
      reasons: why, a clause each.
    """

    size: int
    places: Tuple[Tuple[str, int, int], ...]
    reasons: Tuple[str, ...]

    def __str__(self):
        where = ", ".join(
            "'{}' axis {} [{}:{}]".format(variable, axis, start, start + self.size)
            for variable, axis, start in self.places[:3]
        )
        return "{}{}: {}{}".format(where, _more(self.places, 3), self.reasons[0], _more(self.reasons, 1))


def _more(things, shown):
    return " and {} more".format(len(things) - shown) if len(things) > shown else ""


class Discovered(list):
    """The structure of a graph: a list of UnitGroups, with what it leaves out and why.

    Attributes:
      pinned: the Pinned classes of indices, none of which is offered for removal.
      carried: group name -> names of what is no weight but runs along the units: placeholders, state
        variables, optimiser slots and moving averages. They shrink with the group.
    """

    def __init__(self, groups, pinned, carried):
        super().__init__(groups)
        self.pinned = pinned
        self.carried = carried

    def why_nothing(self):
        """What was seen where no group is found, and what stands in the way of the most weights; a clause or two."""
        seen = {variable for each in self.pinned for variable, _, _ in each.places}
        unused = {each.places[0][0] for each in self.pinned if each.reasons == (UNUSED,)}
        obstacles = [each for each in self.pinned if not _NO_OBSTACLES.intersection(each.reasons)]
        if not seen:
            return "no weight has two indices along any axis"
        if seen == unused:
            return (
                "nothing that is computed from data uses any of the {} weights, as if discover had been called "
                "before the model was built".format(len(seen))
            )
        if not obstacles:
            return "no indices lie between a weight that writes them and one that reads them"
        return "of {} weights most are held by {}".format(
            len(seen), max(obstacles, key=lambda each: (len(each.places), each.size))
        )

    def __str__(self):
        lines = [self._line(group) for group in self] or [_NOTHING.format(self.why_nothing())]
        if self.pinned:
            lines += ["", "left as they are:"] + [str(each) for each in self.pinned]
        return "\n".join(lines)

    def _line(self, group):
        roles = [part.role for part in group.slices]
        counted = ["{} {}".format(roles.count(role), role) for role in dict.fromkeys(roles)]
        carried = self.carried.get(group.name)
        return "{}: {} units; {}{}".format(
            group.name,
            group.size,
            ", ".join(counted),
            "; carried: {}{}".format(", ".join(carried[:2]), _more(carried, 2)) if carried else "",
        )


def assemble(analysis, trainable, others, saved):
    """The Discovered of a finished analysis.

    Args:
      analysis: the Analysis.
      trainable: ``{name: shape}`` of the trainable variables, in the order in which they were made.
      others: ``{name: shape}`` of all other variables.
      saved: names of the variables that a checkpoint holds. State that is in none is carried, but no slice.
    """
    _pin_differing_constants(analysis)
    pins = analysis.classes.pins()
    leaves = analysis.classes.nodes
    read = {(variable, axis, leaf) for variable, axis, node in analysis.reads for leaf in leaves(node)}
    _pin_unfit_readers(analysis, read, pins)
    found, pinned = [], []
    for leaf, places in _occurrences(analysis, list(trainable) + list(others)).items():
        size = analysis.classes.length((Segment(leaf),))
        own = [place for place in places if place[0] in trainable]
        if not own or size is None or size < 2:
            continue
        outgoing = {(variable, axis) for variable, axis, _ in places if (variable, axis, leaf) in read}
        reasons = _reasons(pins.get(leaf, []), own, outgoing)
        if reasons:
            pinned.append(Pinned(size, tuple(own), tuple(reasons)))
        else:
            slices = _slices([place for place in places if place[0] in saved], outgoing, trainable)
            found.append((leaf, places, UnitGroup(_name(slices), size, slices)))
    pinned += [
        Pinned(shape[0], ((name, 0, 0),), (UNUSED,))
        for name, shape in trainable.items()
        if shape and name not in analysis.variables
    ]
    found.sort(key=lambda each: _first_written(each[2].slices, list(trainable)))
    groups, carried = [], {}
    for leaf, places, group in found:
        groups.append(replace(group, name=_unique(group.name, groups)))
        state = [variable for variable, _, _ in places if variable in others]
        beside = sorted(_fed(analysis, leaf)) + state + _averages(group, trainable, others)
        if beside:
            carried[groups[-1].name] = list(dict.fromkeys(beside))
    return Discovered(groups, pinned, carried)


def _pin_unfit_readers(analysis, read, pins):
    """Add to ``pins`` the classes that are read by weights that may not all be zero, or do not stay so."""
    for (variable, axis, node), name in analysis.divisors.items():
        for leaf in analysis.classes.nodes(node):
            if (variable, axis, leaf) in read:
                pins.setdefault(leaf, []).append("`{}` divides by the weights that read them".format(name))
    for variable, _, leaf in sorted(each for each in read if each[0] in analysis.stored):
        name = analysis.stored[variable]
        pins.setdefault(leaf, []).append(
            "`{}` stores what is computed in '{}', which reads them".format(name, variable)
        )


def _reasons(pins, own, outgoing):
    """Why a class is no group of units: what pins it, or that nothing reads or writes it."""
    if pins:
        return pins
    if not outgoing:
        return [_UNREAD]
    if all(place[:2] in outgoing for place in own):
        return [_UNWRITTEN]
    return []


def _occurrences(analysis, variables):
    """Class -> [(variable, axis, start)], in the order of ``variables``."""
    found = {}
    for name in variables:
        dims = analysis.variables[name].dimensions() if name in analysis.variables else []
        for axis, dimension in enumerate(dims):
            start = 0
            for segment in analysis.classes.expand(dimension):
                found.setdefault(segment.node, []).append((name, axis, start))
                start += analysis.classes.length((segment,)) or 0
    return found


def _slices(places, outgoing, trainable):
    """A Slice for each place, sorted by role."""
    written = {variable for variable, axis, _ in places if (variable, axis) not in outgoing}
    slices = [
        Slice(variable, axis, start, _role(variable, axis, outgoing, written, trainable.get(variable)))
        for variable, axis, start in places
    ]
    return tuple(sorted(slices, key=lambda part: _ORDER.index(part.role)))


def _role(variable, axis, outgoing, written, shape):
    if (variable, axis) in outgoing:
        return "recurrent" if variable in written else "consumer"
    if shape is None:
        return "state"
    return "bias" if np.prod(shape) == shape[axis] else "gate"


def _pin_differing_constants(analysis):
    classes = analysis.classes
    for name, value, array in analysis.constants:
        for axis, dimension in enumerate(value.dims):
            start = 0
            for segment in classes.expand(dimension):
                stop = start + classes.length((segment,))
                part = array.take(range(start, stop), axis=axis)
                if stop > start and classes.trained((segment,)) and not (part == part.take([0], axis=axis)).all():
                    classes.pin((segment,), "`{}` is a constant that differs from unit to unit".format(name))
                start = stop


def _fed(analysis, leaf):
    """Names of the placeholders that units run along."""
    return [
        name
        for name, value in analysis.fed
        if any(
            segment.node == leaf for dimension in value.dimensions() for segment in analysis.classes.expand(dimension)
        )
    ]


def _averages(group, trainable, others):
    """Names of the optimiser slots and moving averages of a group's weights."""
    shapes = dict(trainable, **others)
    weights = {part.variable for part in group.slices if part.variable in trainable}
    return [name for name in others if names.owner(name, shapes) in weights]


def _name(slices):
    """The scope that the written weights of a group share, or the variable where it is one of its own."""
    written = [part.variable for part in slices if part.role == "gate"] or [part.variable for part in slices]
    shared = []
    for components in zip(*(name.split("/") for name in written)):
        if len(set(components)) > 1:
            break
        shared.append(components[0])
    name = "/".join(shared) or written[0]
    scope, _, last = name.rpartition("/")
    return scope if scope and last in _GENERIC else name


def _unique(name, groups):
    taken = {group.name for group in groups}
    numbered = ("{}_{}".format(name, number) for number in itertools.count(1))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def _first_written(slices, order):
    return min((order.index(part.variable), part.start) for part in slices if part.role in ("gate", "bias"))
