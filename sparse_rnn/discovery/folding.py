"""What becomes of the elements of small tensors: numbers that are known while building, put together from constants.

MOVES takes elements of any kind to their new places, so lengths (``counting``) are moved by it as well.
"""

import numpy as np

from sparse_rnn.discovery.values import Unfollowed


def fold(step, outputs):
    """Fill in ``const`` of the outputs where it follows from constant inputs, or from static shapes."""
    op = step.node.op
    if op in _OF_SHAPES:
        outputs[0].const = _OF_SHAPES[op](step)
    elif op in _OF_NUMBERS:
        consts = [getattr(value, "const", None) for value in step.inputs]
        if all(const is not None for const in consts):
            outputs[0].const = _OF_NUMBERS[op](*consts)
    elif op in MOVES:
        moved = [getattr(value, "const", None) for value in moving(step)]
        if all(const is not None for const in moved):
            try:
                found = MOVES[op](step, *moved)
            except Unfollowed:
                return
            for output, const in zip(outputs, found):
                output.const = const


def moving(step):
    """The inputs whose elements are moved by one of MOVES; the others say where to."""
    inputs = step.inputs
    return {"ConcatV2": inputs[:-1], "Pack": inputs}.get(step.node.op, inputs[:1])


def _shape(step):
    lengths = [step.classes.length(dimension) for dimension in step.inputs[0].dimensions()]
    return None if None in lengths or not lengths else np.array(lengths, np.int32)


def _rank(step):
    dims = step.inputs[0].dims
    return None if dims is None else np.int32(len(dims))


def _product(array, axes):
    return np.prod(array, axis=tuple(np.ravel(axes)), dtype=array.dtype)


def _joined(step, *arrays):
    return [np.concatenate(arrays, axis=int(step.constant(len(arrays))))]


def _stacked(step, *arrays):
    return [np.stack(arrays, axis=step.attribute("axis", "i"))]


def _apart(step, array):
    return list(np.moveaxis(array, step.attribute("axis", "i"), 0)[:, ...])


def _reshaped(step, array):
    return [np.reshape(array, step.lengths())]


def _taken(step, array):
    if step.node.op == "GatherV2" and (int(step.constant(2)) or step.node.attr["batch_dims"].i):
        raise Unfollowed("looks up along another axis")
    return [array[step.constant(1), ...]]


def _range(step, array):
    begin, size = (np.ravel(step.constant(number)) for number in (1, 2))
    whole = (slice(int(one), None if many < 0 else int(one + many)) for one, many in zip(begin, size))
    return [array[tuple(whole)]]


def _indexed(step, array):
    begin, end, stride = (np.ravel(step.constant(number)) for number in (1, 2, 3))
    masks = {name: step.attribute(name + "_mask", "i") for name in ("begin", "end", "ellipsis", "new_axis")}
    if len(begin) != 1 or masks["ellipsis"] or masks["new_axis"]:
        raise Unfollowed("is indexed in another way")
    if step.attribute("shrink_axis_mask", "i"):
        return [array[int(begin[0]), ...]]
    start = None if masks["begin"] else int(begin[0])
    return [array[start : None if masks["end"] else int(end[0]) : int(stride[0])]]


#: Operation -> its outputs' numbers, of arrays of any kind: those that are moved.
MOVES = {
    "ConcatV2": _joined,
    "ExpandDims": _reshaped,
    "Gather": _taken,
    "GatherV2": _taken,
    "Pack": _stacked,
    "Reshape": _reshaped,
    "Slice": _range,
    "Squeeze": _reshaped,
    "StridedSlice": _indexed,
    "Unpack": _apart,
}
_OF_SHAPES = {"Rank": _rank, "Shape": _shape}
_OF_NUMBERS = {
    "Add": np.add,
    "AddV2": np.add,
    "FloorDiv": np.floor_divide,
    "FloorMod": np.mod,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Prod": _product,
    "Range": np.arange,
    "Sub": np.subtract,
}
