"""The rule of a reshape: dimensions are cut into blocks and run together, the last running fastest."""

import numpy as np

from sparse_rnn.discovery import counting
from sparse_rnn.discovery.values import Unfollowed, Value, Variable

#: Blocks that a dimension is cut into, or put together of; beyond, it has to stay whole.
MOST_BLOCKS = 256


def rules():
    """Operation type -> rule."""
    return {"Reshape": reshape}


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
    counts = counting.numbers(step.inputs[1], len(shape))
    old_dims = [value.dims[axis] for axis in old]
    rest = _Reshape(step, value.pure, old_dims, [shape[axis] for axis in new], [counts[axis] for axis in new])
    for axis, dimension in zip(new, rest.dims()):
        dims[axis] = dimension
    for dimension, count in zip(dims, counts):
        counting.agree(step, dimension, count)
    return [Value(dims, value.pure)]


class _Reshape:
    """Old dimensions, cut into factors from the last backwards, and put together to the new ones."""

    def __init__(self, step, pure, old, new, counts):
        self._step = step
        # Blocks are only worth following where there may be units: along weights and what is made of them.
        self._pure = pure
        self._old = old
        self._new = new
        self._counts = counts
        self._made = [[] for _ in new]
        # What is left to explain of the last new length, where a part of it is.
        self._length = None

    def dims(self):
        """The new dimensions."""
        while self._old or self._new:
            if not (self._old and self._new and self._match_last()):
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
        single = getattr(self._counts[number], "single", None) if self._length is None else None
        if wanted is None and single is not None:
            wanted = classes.length(single)
        same = single is not None and classes.nodes_of(single) == classes.nodes_of(dimension)
        last = len(self._old) == 1 and len(self._new) == 1 and (length is None or wanted is None or length == wanted)
        if same or last:
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
            first = step.alike(first, other)
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
