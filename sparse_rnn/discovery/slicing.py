"""Rules of operations that cut dimensions into pieces."""

from sparse_rnn.discovery.rows import ROWS
from sparse_rnn.discovery.values import Unfollowed, Value


def rules():
    """Operation type -> rule."""
    return {"Slice": slice_of, "Split": split, "SplitV": split, "StridedSlice": strided_slice, ROWS: rows}


def rows(step):
    """Consecutive rows of a matrix."""
    value = step.tensor(0)
    piece = _range(step, value.dims[0], step.node.attr["start"], step.lengths()[0])
    return [Value([piece, value.dims[1]], value.pure)]


def split(step):
    """Consecutive pieces along one axis."""
    if step.node.op == "Split":
        axis, value = int(step.constant(0)), step.tensor(1)
        length = step.classes.length(value.dims[axis])
        if length is None:
            raise Unfollowed("cuts a dimension of unknown length")
        sizes = [length // step.attribute("num_split", "i")] * step.attribute("num_split", "i")
    else:
        value, sizes, axis = step.tensor(0), [int(size) for size in step.constant(1)], int(step.constant(2))
        length = step.classes.length(value.dims[axis])
        if -1 in sizes and length is not None:
            sizes[sizes.index(-1)] = length - sum(sizes) - 1
    axis %= len(value.dims)
    pieces = step.cut(value.dims[axis], sizes)
    if len(set(sizes)) == 1:
        # The pieces are of one size, also in a smaller model: their indices go together.
        for piece in pieces[1:]:
            step.tie(pieces[0], piece)
    return [Value(value.dims[:axis] + [piece] + value.dims[axis + 1 :], value.pure) for piece in pieces]


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
            # As in Python, what begins before the first index begins there.
            start = begin if begin is None or begin >= 0 or whole is None else max(whole + begin, 0)
            dims.append(_range(step, dimension, start, length))
        else:
            step.pin(dimension, "takes every so many-th index or reverses their order")
            dims.append(step.fresh(length, "takes every so many-th index or reverses their order"))
    return [Value(dims, value.pure)]


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
    _, piece, _ = step.cut(dimension, [start, length, whole - start - length])
    step.analysis.ranges.setdefault(tuple(segment.node for segment in dimension), {})[start] = piece
    return piece
