"""Rules of operations that move, cut, join, repeat or look up indices without computing anything."""

import numpy as np

from sparse_rnn.discovery.classes import Segment
from sparse_rnn.discovery.values import Unfollowed, Value, Variable, without_zero

#: Blocks that a dimension is cut into, or put together of, by a reshape; beyond, it has to stay whole.
MOST_BLOCKS = 256


def rules():
    """Operation type -> rule."""
    return {
        "ConcatV2": concat,
        "ConjugateTranspose": transpose,
        "ExpandDims": expand_dims,
        "Fill": fill,
        "Gather": gather,
        "GatherNd": gather_nd,
        "GatherV2": gather,
        "InvertPermutation": plain,
        "LinSpace": sequence,
        "MirrorPad": pad,
        "OneHot": one_hot,
        "Pack": pack,
        "Pad": pad,
        "PadV2": pad,
        "Range": sequence,
        "Rank": plain,
        "Reshape": reshape,
        "ResourceGather": gather,
        "ReverseSequence": reverse_sequence,
        "ReverseV2": reverse,
        "Shape": shape_of,
        "ShapeN": plain,
        "Size": size_of,
        "Slice": slice_of,
        "Split": split,
        "SplitV": split,
        "Squeeze": squeeze,
        "StridedSlice": strided_slice,
        "Tile": tile,
        "Transpose": transpose,
        "Unpack": unpack,
        "VariableShape": shape_of,
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
        if None in lengths:
            raise Unfollowed("squeezes axes that are not known while building")
        axes = [axis for axis, length in enumerate(lengths) if length == 1]
    return [Value([each for axis, each in enumerate(value.dims) if axis not in axes], value.pure)]


def concat(step):
    """Segments in a row along one axis, the same dimensions along the others."""
    values = [step.tensor(number) for number in range(len(step.inputs) - 1)]
    axis = int(step.constant(len(values)))
    if not values[0].dims:
        raise Unfollowed("joins scalars")
    axis %= len(values[0].dims)
    counts = tuple(each for value in values for each in (value.counts or ((),))) if _counting(values) else ()
    dims = list(values[0].dims)
    for value in values[1:]:
        for place, dimension in enumerate(value.dims):
            if place != axis:
                step.tie(dims[place], dimension)
    dims = [without_zero(dimension) for dimension in dims]
    dims[axis] = tuple(segment for value in values for segment in value.dims[axis])
    return [Value(dims, all(value.pure for value in values), counts=counts)]


def pack(step):
    """Tensors of equal dimensions on top of each other."""
    values = step.tensors()
    for value in values[1:]:
        step.tie_all(values[0], value)
    dims = [without_zero(dimension) for dimension in values[0].dims]
    axis = step.attribute("axis", "i")
    dims.insert(
        axis if axis >= 0 else len(dims) + 1 + axis, step.fresh(len(values), "stacks tensors, each in its place")
    )
    consts = [value.const for value in values]
    const = np.stack(consts) if all(each is not None and np.ndim(each) == 0 for each in consts) else None
    counts = tuple(each for value in values for each in (value.counts or ((),))) if _counting(values) else ()
    return [Value(dims, all(value.pure for value in values), const, counts)]


def unpack(step):
    """The tensors along one axis, whose places have to stay."""
    value = step.tensor(0)
    dims = list(value.dims)
    step.pin(dims.pop(step.attribute("axis", "i")), "takes the indices apart one by one")
    return [Value(dims, value.pure)] * step.attribute("num", "i")


def split(step):
    """Consecutive pieces along one axis."""
    if step.node.op == "Split":
        axis, value = int(step.constant(0)), step.tensor(1)
        length = step.classes.length(value.dims[axis])
        if length is None:
            raise Unfollowed("cuts a dimension of unknown length")
        pieces = step.attribute("num_split", "i")
        sizes = [length // pieces] * pieces
    else:
        value, sizes, axis = step.tensor(0), [int(size) for size in step.constant(1)], int(step.constant(2))
        length = step.classes.length(value.dims[axis])
        if -1 in sizes and length is not None:
            sizes[sizes.index(-1)] = length - sum(sizes) - 1
    axis %= len(value.dims)
    return [
        Value(value.dims[:axis] + [piece] + value.dims[axis + 1 :], value.pure)
        for piece in step.cut(value.dims[axis], sizes)
    ]


def slice_of(step):
    """A range along every axis."""
    value = step.tensor(0)
    lengths = step.lengths()
    begin = step.inputs[1].const
    dims = []
    for axis, dimension in enumerate(value.dims):
        start = None if begin is None else int(begin[axis])
        dims.append(_range(step, dimension, start, lengths[axis]))
    return [Value(dims, value.pure)]


def strided_slice(step):
    """Python's indexing: ranges, single indices, new axes."""
    value = step.tensor(0)
    if value.counts and len(value.counts) > 1 and len(value.dims) == 1:
        return [_counted(step, value)]
    specification = _specification(step, len(value.dims))
    lengths = iter(step.lengths())
    dims = []
    axis = 0
    for kind, begin, end, stride in specification:
        if kind == "new":
            dims.append(step.fresh(1))
            next(lengths)
            continue
        dimension = value.dims[axis]
        axis += 1
        if kind == "index":
            step.pin(dimension, "picks out a single index")
            continue
        length, whole = next(lengths), step.classes.length(dimension)
        if stride == 1 and begin == "all" and end == "all":
            dims.append(dimension)
        elif stride == 1:
            begin = 0 if begin == "all" else begin
            start = begin if begin is None or begin >= 0 or whole is None else whole + begin
            dims.append(_range(step, dimension, start, length))
        else:
            step.pin(dimension, "takes every so many-th index or reverses their order")
            dims.append(step.fresh(length, "takes every so many-th index or reverses their order"))
    return [Value(dims, value.pure, counts=value.counts)]


def _specification(step, rank):
    """One (kind, begin, end, stride) for each given place, the ellipsis written out."""
    begin, end, strides = (step.inputs[number].const for number in (1, 2, 3))
    if strides is None:
        raise Unfollowed("slices with strides that are not known while building")
    masks = {
        name: step.attribute(name + "_mask", "i") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    found = []
    places = len(strides)
    taken = sum(1 for place in range(places) if not (masks["new_axis"] | masks["ellipsis"]) >> place & 1)
    for place in range(places):
        bit = 1 << place
        if masks["ellipsis"] & bit:
            found += [("range", "all", "all", 1)] * (rank - taken)
        elif masks["new_axis"] & bit:
            found.append(("new", None, None, 1))
        elif masks["shrink_axis"] & bit:
            found.append(("index", None, None, 1))
        else:
            start = "all" if masks["begin"] & bit else None if begin is None else int(begin[place])
            stop = "all" if masks["end"] & bit else None if end is None else int(end[place])
            found.append(("range", start, stop, int(strides[place])))
    covered = sum(1 for kind, _, _, _ in found if kind != "new")
    return found + [("range", "all", "all", 1)] * (rank - covered)


def _range(step, dimension, start, length):
    """Indices ``start`` to ``start + length`` of a dimension."""
    whole = step.classes.length(dimension)
    if whole is not None and length == whole:
        return dimension
    if whole is None or start is None or length is None:
        step.pin(dimension, "cuts out a range that is not known while building")
        return step.fresh(length, "cuts out a range that is not known while building")
    return step.cut(dimension, [start, length, whole - start - length])[1]


def _counted(step, value):
    """A slice of a vector of lengths: what it counts."""
    begin, strides = step.inputs[1].const, step.inputs[3].const
    counts = value.counts
    if begin is not None and strides is not None and int(strides[0]) == 1:
        if step.attribute("shrink_axis_mask", "i"):
            counts = (counts[int(begin[0])],)
        elif step.inputs[2].const is not None:
            first = None if step.attribute("begin_mask", "i") else int(begin[0])
            last = None if step.attribute("end_mask", "i") else int(step.inputs[2].const[0])
            counts = counts[first:last]
    found = step.fresh_value()
    found.counts = counts
    return found


def _counting(values):
    return any(value.counts for value in values)


def shape_of(step):
    """The lengths of the dimensions."""
    value = step.inputs[0]
    found = step.fresh_value()
    found.counts = tuple((dimension,) for dimension in value.dimensions())
    return [found]


def size_of(step):
    """The number of elements."""
    found = step.fresh_value()
    found.counts = (tuple(step.inputs[0].dimensions()),)
    return [found]


def plain(step):
    """Numbers about shapes that no unit has a part in."""
    return [step.fresh_value(number) for number in range(step.scope.outputs(step.node))]


def fill(step):
    """All elements are alike."""
    found = step.fresh_value()
    found.pure = step.inputs[1].pure
    return [found]


def sequence(step):
    """Every index has a number of its own."""
    return [step.fresh_value(pinned="gives every index a number of its own")]


def gather(step):
    """Rows are looked up by number; the axis that they are looked up along has to stay."""
    value, indices = step.tensor(0), step.tensor(1)
    axis = 0
    if step.node.op == "GatherV2":
        axis = int(step.constant(2)) % len(value.dims)
    if step.node.attr["batch_dims"].i:
        raise Unfollowed("looks up indices batch by batch")
    step.pin(value.dims[axis], "looks up indices by number")
    dims = value.dims[:axis] + list(indices.dims) + value.dims[axis + 1 :]
    # What is looked up is data and no weight any more: two of them multiplied read each other.
    found = Value([without_zero(dimension) for dimension in dims], value.pure and indices.pure)
    if value.counts and len(value.counts) > 1:
        found.counts = (tuple(each for counted in value.counts for each in counted),)
    return [found]


def gather_nd(step):
    """Elements or rows are looked up by numbers along the leading axes."""
    value, indices = step.tensor(0), step.tensor(1)
    depth = step.classes.length(indices.dims[-1])
    if depth is None:
        raise Unfollowed("looks up indices along a number of axes that is not known while building")
    for dimension in value.dims[:depth]:
        step.pin(dimension, "looks up indices by number")
    step.pin(indices.dims[-1], "looks up indices by number")
    return [Value(list(indices.dims[:-1]) + value.dims[depth:])]


def one_hot(step):
    """Every index has a number of its own along the new axis."""
    indices = step.tensor(0)
    dims = [without_zero(each) for each in indices.dims]
    axis = step.attribute("axis", "i")
    length = step.lengths()[axis]
    dims.insert(axis if axis >= 0 else len(dims), step.fresh(length, "gives every index a number of its own"))
    return [Value(dims)]


def reverse(step):
    """The order of indices is reversed."""
    value = step.tensor(0)
    dims = list(value.dims)
    for axis in np.ravel(step.constant(1)):
        dims[axis] = _shuffled(step, dims[axis], "reverses the order of the indices")
    return [Value(dims)]


def reverse_sequence(step):
    """The order of time steps is reversed, in each sequence as far as it goes."""
    value, lengths = step.tensor(0), step.tensor(1)
    dims = list(value.dims)
    step.tie(dims[step.attribute("batch_dim", "i")], lengths.dims[0])
    axis = step.attribute("seq_dim", "i")
    dims[axis] = _shuffled(step, dims[axis], "reverses the order of the indices")
    return [Value(dims)]


def _shuffled(step, dimension, reason):
    step.pin(dimension, reason)
    return step.fresh(step.classes.length(dimension), reason)


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
    value = step.tensor(0)
    lengths = step.lengths()
    multiples = step.inputs[1].const
    dims = []
    for axis, dimension in enumerate(value.dims):
        length = step.classes.length(dimension)
        times = None if multiples is None else int(multiples[axis])
        if times is None and length and lengths[axis] is not None:
            times = lengths[axis] // length
        if times == 1:
            dims.append(dimension)
        elif length == 1:
            dims.append(step.fresh(lengths[axis]))
        elif times is None or length is None or times > MOST_BLOCKS:
            step.pin(dimension, "repeats the indices")
            dims.append(step.fresh(lengths[axis], "repeats the indices"))
        else:
            dims.append(dimension * times)
    return [Value(dims, value.pure)]


def reshape(step):
    """Axes are merged or split, the last running fastest."""
    value = step.inputs[0]
    if isinstance(value, Variable) or value.dims is None:
        raise Unfollowed("has an input of unknown rank")
    shape = step.lengths()
    lengths = [step.classes.length(dimension) for dimension in value.dims]
    dims = [None] * len(shape)
    old = [axis for axis, length in enumerate(lengths) if length != 1]
    new = [axis for axis, length in enumerate(shape) if length != 1]
    for axis, length in enumerate(shape):
        if length == 1:
            dims[axis] = step.fresh(1)
    rest = _Reshape(step, value.pure, [value.dims[axis] for axis in old], [shape[axis] for axis in new])
    for axis, dimension in zip(new, rest.dims()):
        dims[axis] = dimension
    # A vector or scalar of lengths goes on counting.
    return [Value(dims, value.pure, value.const if len(shape) <= 1 else None, value.counts)]


class _Reshape:
    """Old dimensions, cut into factors from the last backwards, and put together to the new ones."""

    def __init__(self, step, pure, old, new):
        self._step = step
        # Blocks are only worth following where there may be units: along weights and what is made of them.
        self._pure = pure
        self._old = old
        self._new = new
        self._made = [[] for _ in new]
        # What is left to explain of the last new length, where a part of it is.
        self._length = None

    def dims(self):
        """The new dimensions."""
        while self._old and self._new:
            if not self._match_last():
                self._give_up()
                break
        for number, made in enumerate(self._made):
            if not made:
                self._made[number] = self._step.fresh(self._new[number] if number < len(self._new) else None)
            else:
                self._made[number] = made[0] if len(made) == 1 else self._joined(made[::-1])
        return self._made

    def _match_last(self):
        classes = self._step.classes
        dimension = self._old[-1]
        length, wanted = classes.length(dimension), self._new[-1] if self._length is None else self._length
        number = len(self._new) - 1
        if len(self._old) == 1 and len(self._new) == 1 and (length is None or wanted is None or length == wanted):
            self._made[number].append(dimension)
            self._old.pop()
            self._new.pop()
            return True
        if length is None or wanted is None:
            return False
        if length == wanted:
            self._made[number].append(dimension)
            self._old.pop()
            self._new.pop()
            self._length = None
        elif wanted and length % wanted == 0:
            outer, inner = self._divided(dimension, length // wanted, wanted)
            self._old[-1] = outer
            self._made[number].append(inner)
            self._new.pop()
            self._length = None
        elif length and wanted % length == 0:
            self._made[number].append(dimension)
            self._old.pop()
            self._length = wanted // length
        else:
            return False
        return True

    def _divided(self, dimension, blocks, size):
        """A dimension as (which block, which place in it); the places of all blocks are one class."""
        step = self._step
        reason = "cuts the indices into blocks"
        if blocks > MOST_BLOCKS or not (self._pure or step.classes.trained(dimension)):
            step.pin(dimension, reason)
            return step.fresh(blocks, reason), step.fresh(size, reason)
        first, *others = step.cut(dimension, [size] * blocks)
        for other in others:
            first = tuple(
                Segment(one.node, one.zero | another.zero if one.zero and another.zero else None)
                for one, another in zip(*step.tie(first, other))
            )
        return step.fresh(blocks, reason), first

    def _joined(self, factors):
        """One dimension of several, the last running fastest."""
        step = self._step
        reason = "runs several axes together"
        lengths = [step.classes.length(factor) for factor in factors]
        known = None if None in lengths else int(np.prod(lengths))
        blocks = None if known is None else int(np.prod(lengths[:-1]))
        for factor in factors[:-1]:
            step.pin(factor, reason)
        if known is not None and blocks <= MOST_BLOCKS and (self._pure or step.classes.trained(factors[-1])):
            return factors[-1] * blocks
        step.pin(factors[-1], reason)
        return step.fresh(known, reason)

    def _give_up(self):
        """What is left cannot be matched: it all has to stay."""
        reason = "reshapes axes whose lengths are not known while building"
        for dimension in self._old:
            self._step.pin(dimension, reason)
        for number, length in enumerate(self._new):
            for factor in self._made[number]:
                self._step.pin(factor, reason)
            self._made[number] = [self._step.fresh(length, reason)]
        self._old, self._new = [], []
