"""Rules of operations that move, join or repeat whole dimensions without computing anything."""

import numpy as np

from sparse_rnn.discovery import counting
from sparse_rnn.discovery.values import Elements, Unfollowed, Value

#: Copies of a dimension that are followed; beyond, it has to stay whole.
MOST_COPIES = 256


def rules():
    """Operation type -> rule."""
    return {
        "BroadcastTo": broadcast_to,
        "ConcatV2": concat,
        "ConjugateTranspose": transpose,
        "ExpandDims": expand_dims,
        "Fill": fill,
        "InvertPermutation": plain,
        "MirrorPad": pad,
        "Pack": pack,
        "Pad": pad,
        "Rank": plain,
        "Shape": shapes_of,
        "ShapeN": shapes_of,
        "Size": size_of,
        "Squeeze": squeeze,
        "Tile": tile,
        "Transpose": transpose,
        "Unpack": unpack,
        "VariableShape": shapes_of,
    }


def transpose(step):
    """Axes change places."""
    value = step.tensor(0)
    return [Value([value.dims[axis] for axis in np.ravel(step.constant(1))], value.pure)]


def expand_dims(step):
    """A new axis of length 1."""
    value = step.tensor(0)
    axis = int(np.ravel(step.constant(1))[0])
    dims = list(value.dims)
    dims.insert(axis if axis >= 0 else len(dims) + 1 + axis, step.fresh(1))
    return [Value(dims, value.pure)]


def squeeze(step):
    """Axes of length 1 go."""
    value = step.tensor(0)
    axes = [axis % len(value.dims) for axis in step.attribute("squeeze_dims", "list").i]
    if not axes:
        lengths = [step.classes.length(dimension) for dimension in value.dims]
        if None in lengths or step.shape() is None:
            raise Unfollowed("squeezes axes that are not known while building")
        axes = [axis for axis, length in enumerate(lengths) if length == 1]
        for axis, dimension in enumerate(value.dims):
            if axis not in axes:
                step.pin(dimension, "keeps an axis only while it is longer than 1")
    return [Value([each for axis, each in enumerate(value.dims) if axis not in axes], value.pure)]


def concat(step):
    """Segments in a row along one axis, the same dimensions along the others."""
    values = [step.tensor(number) for number in range(len(step.inputs) - 1)]
    axis = int(step.constant(len(values)))
    if not values[0].dims:
        raise Unfollowed("joins scalars")
    axis %= len(values[0].dims)
    dims = list(values[0].dims)
    for value in values[1:]:
        for place, dimension in enumerate(value.dims):
            if place != axis:
                dims[place] = step.alike(dims[place], dimension)
    dims[axis] = tuple(segment for value in values for segment in value.dims[axis])
    return [Value(dims, all(value.pure for value in values))]


def pack(step):
    """Tensors of equal dimensions on top of each other."""
    values = step.tensors()
    dims = list(values[0].dims)
    for value in values[1:]:
        dims = [step.alike(one, other) for one, other in zip(dims, value.dims)]
    axis = step.attribute("axis", "i")
    dims.insert(
        axis if axis >= 0 else len(dims) + 1 + axis, step.fresh(len(values), "stacks tensors, each in its place")
    )
    return [Value(dims, all(value.pure for value in values))]


def unpack(step):
    """The tensors along one axis, whose places have to stay."""
    value = step.tensor(0)
    dims = list(value.dims)
    step.pin(dims.pop(step.attribute("axis", "i")), "takes the indices apart one by one")
    return [Value(dims, value.pure) for _ in range(step.attribute("num", "i"))]


def shapes_of(step):
    """The lengths of the dimensions of every input."""
    made = []
    for number, value in enumerate(step.inputs):
        if isinstance(value, Elements) or (isinstance(value, Value) and value.dims is None):
            raise Unfollowed("counts dimensions that are not known while building")
        made.append(step.fresh_value(number))
        made[-1].counts = counting.lengths_of(value)
    return made


def size_of(step):
    """The number of elements."""
    (value,) = shapes_of(step)
    value.counts = counting.size_of(step.inputs[0])
    return [value]


def plain(step):
    """Numbers about shapes that no unit has a part in."""
    return [step.fresh_value(number) for number in range(step.scope.outputs(step.node))]


def fill(step):
    """All elements are alike."""
    return [Value(counting.made(step, 0), step.tensor(1).pure)]


def pad(step):
    """Places before and after; where there are none, the dimension stays as it is."""
    value = step.tensor(0)
    dims = []
    for dimension, (before, after) in zip(value.dims, step.constant(1)):
        if before or after:
            step.pin(dimension, "pads the indices")
            length = step.classes.length(dimension)
            dims.append(step.fresh(None if length is None else length + int(before) + int(after), "pads the indices"))
        else:
            dims.append(dimension)
    return [Value(dims)]


def tile(step):
    """Whole copies in a row; copies of a single index are alike."""
    value, lengths = step.tensor(0), step.lengths()
    copies = counting.numbers(step.inputs[1], len(value.dims))
    dims = [_repeated(step, *each) for each in zip(value.dims, copies, lengths)]
    return [Value(dims, value.pure)]


def _repeated(step, dimension, copies, wanted):
    length = step.classes.length(dimension)
    times = copies.factor if copies is not None and not copies.dimensions else None
    if times == 1:
        return dimension
    if length == 1:
        return counting.made_dimension(step, copies, wanted)
    if times is None or length is None or times > MOST_COPIES:
        step.pin(dimension, "repeats the indices")
        counting.pin_count(step, copies)
        return step.fresh(wanted, "repeats the indices")
    return dimension * times


def broadcast_to(step):
    """Dimensions of length 1 are repeated, so all indices of the new ones are alike."""
    value, lengths = step.tensor(0), step.lengths()
    counts = counting.numbers(step.inputs[1], len(lengths))
    missing = len(lengths) - len(value.dims)
    dims = [counting.made_dimension(step, *each) for each in zip(counts[:missing], lengths)]
    for dimension, count, length in zip(value.dims, counts[missing:], lengths[missing:]):
        if step.classes.length(dimension) == 1:
            dims.append(counting.made_dimension(step, count, length))
        else:
            counting.agree(step, dimension, count)
            dims.append(dimension)
    return [Value(dims, value.pure)]
