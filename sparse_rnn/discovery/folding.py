"""Numbers that are known while building: axes, sizes and permutations put together from constants."""

import numpy as np


def fold(step, outputs):
    """Fill in ``const`` of the first output where it follows from constant inputs, or from static shapes."""
    compute = _COMPUTED.get(step.node.op)
    if compute is None or not outputs or outputs[0].const is not None:
        return
    consts = [getattr(value, "const", None) for value in step.inputs]
    if step.node.op in ("Rank", "Shape"):
        outputs[0].const = compute(step)
    elif all(const is not None for const in consts):
        outputs[0].const = compute(*consts)


def _shape(step):
    lengths = [step.classes.length(dimension) for dimension in step.inputs[0].dimensions()]
    return None if None in lengths or not lengths else np.array(lengths, np.int32)


def _rank(step):
    dims = step.inputs[0].dims
    return None if dims is None else np.int32(len(dims))


def _concat(*arrays):
    return np.concatenate(arrays[:-1], axis=int(arrays[-1]))


_COMPUTED = {
    "Add": np.add,
    "AddV2": np.add,
    "ConcatV2": _concat,
    "Mul": np.multiply,
    "Range": np.arange,
    "Rank": _rank,
    "Shape": _shape,
    "Sub": np.subtract,
}
