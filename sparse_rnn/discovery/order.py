"""Rules of operations to which it matters which index is which: its number, or its place in the order."""

import numpy as np

from sparse_rnn.discovery.values import Unfollowed, Value, without_zero

_NUMBERED = "gives every index a number of its own"
_LOOKED_UP = "looks up indices by number"


def rules():
    """Operation type -> rule."""
    return {
        "Gather": gather,
        "GatherNd": gather_nd,
        "GatherV2": gather,
        "LinSpace": sequence,
        "OneHot": one_hot,
        "RandomShuffle": shuffle,
        "Range": sequence,
        "ResourceGather": gather,
        "ReverseSequence": reverse_sequence,
        "ReverseV2": reverse,
    }


def gather(step):
    """Rows are looked up by number; the axis that they are looked up along has to stay."""
    value, indices = step.tensor(0), step.tensor(1)
    axis = 0
    if step.node.op == "GatherV2":
        axis = int(step.constant(2)) % len(value.dims)
    if step.node.attr["batch_dims"].i:
        raise Unfollowed("looks up indices batch by batch")
    step.pin(value.dims[axis], _LOOKED_UP)
    dims = value.dims[:axis] + list(indices.dims) + value.dims[axis + 1 :]
    # What is looked up is data and no weight any more: two of them multiplied read each other.
    return [Value([without_zero(dimension) for dimension in dims], value.pure and indices.pure)]


def gather_nd(step):
    """Elements or rows are looked up by numbers along the leading axes."""
    value, indices = step.tensor(0), step.tensor(1)
    depth = step.classes.length(indices.dims[-1])
    if depth is None:
        raise Unfollowed("looks up indices along a number of axes that is not known while building")
    for dimension in value.dims[:depth]:
        step.pin(dimension, _LOOKED_UP)
    step.pin(indices.dims[-1], _LOOKED_UP)
    return [Value([without_zero(dimension) for dimension in indices.dims[:-1]] + value.dims[depth:])]


def one_hot(step):
    """Every index has a number of its own along the new axis."""
    indices = step.tensor(0)
    dims = [without_zero(each) for each in indices.dims]
    axis = step.attribute("axis", "i")
    length = step.lengths()[axis]
    dims.insert(axis if axis >= 0 else len(dims), step.fresh(length, _NUMBERED))
    return [Value(dims)]


def sequence(step):
    """Every index has a number of its own."""
    return [step.fresh_value(pinned=_NUMBERED)]


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


def shuffle(step):
    """Rows in a random order."""
    first, *rest = step.tensor(0).dims
    return [Value([_shuffled(step, first, "changes the order of the indices")] + [without_zero(each) for each in rest])]


def _shuffled(step, dimension, reason):
    step.pin(dimension, reason)
    return step.fresh(step.classes.length(dimension), reason)
