"""Numbers of indices as values: what a graph computes with the lengths of its own tensors.

All other values of a model without its dead units are parts of the values of the whole model. Lengths are not: they
become smaller. So each is followed from the dimension that it counts to whatever takes it. As the
shape of a tensor it says which indices that tensor has; whatever else is computed from it needs all of them.
"""

import functools
import operator

import numpy as np

from sparse_rnn.compat import tf
from sparse_rnn.discovery import elementwise, values
from sparse_rnn.discovery.folding import MOVES, moving
from sparse_rnn.discovery.values import Unfollowed, Value, without_zero

#: Random numbers, every one drawn by itself: (shape, anything that is no unit, ...).
DRAWS = (
    "RandomStandardNormal RandomUniform RandomUniformInt StatelessRandomNormal StatelessRandomNormalV2 "
    "StatelessRandomUniform StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2 "
    "StatelessTruncatedNormal StatelessTruncatedNormalV2 TruncatedNormal"
).split()
#: Operation -> the input that is the shape of what it makes, or of a list's elements.
_SHAPE_INPUT = dict.fromkeys(DRAWS, 0)
_SHAPE_INPUT.update(
    BroadcastTo=1,
    EmptyTensorList=0,
    Fill=0,
    Reshape=1,
    TensorListFromTensor=1,
    TensorListGather=2,
    TensorListGetItem=2,
    TensorListPopBack=1,
    TensorListReserve=0,
    TensorListStack=1,
    Tile=1,
)
#: Operations that hand on whatever they are given. A loop says itself which of its inputs stay as they are. A Merge is
#: none of them: data decide which of its inputs comes, so it takes part in what is computed.
_HANDING_ON = ("IdentityN", "PartitionedCall", "StatefulPartitionedCall", "StatelessWhile", "While")
#: Operation -> the input that it hands on or keeps in a list, or whose length alone it asks for.
_HANDED_ON = dict.fromkeys(elementwise.PASSES, 0)
_HANDED_ON.update(Shape=0, Size=0, Switch=0, TensorListPushBack=1)
_CHOICES = ("Case", "If", "StatelessCase", "StatelessIf")
_NEEDS_ALL = "computes with the number of units"
_COMPUTED = "gives a tensor a length that is computed"


@functools.lru_cache(maxsize=None)
def _integer_types():
    kinds = tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64
    return tuple(each.as_datatype_enum for each in kinds)


class Count:
    """A number: ``factor`` times the lengths of ``dimensions``. Without dimensions it is a plain constant."""

    __slots__ = ("factor", "dimensions")

    def __init__(self, factor, dimensions=()):
        self.factor = factor
        self.dimensions = dimensions

    def __mul__(self, other):
        return Count(self.factor * other.factor, self.dimensions + other.dimensions)

    @property
    def single(self):
        """The one dimension whose length it is, or None."""
        return self.dimensions[0] if self.factor == 1 and len(self.dimensions) == 1 else None


def lengths_of(value):
    """The Counts of a tensor's dimensions, as an array."""
    return _array([Count(1, (dimension,)) for dimension in value.dimensions()])


def size_of(value):
    """The Count of a tensor's elements, as an array of rank 0."""
    return _array(Count(1, tuple(value.dimensions())))


def numbers(value, size):
    """The elements of a vector, a Count for each, None for those that are not known."""
    for known in (value.counts, _constants(value)):
        if known is not None and known.size == size:
            return list(known.ravel())
    return [None] * size


def follow(step, outputs):
    """Let lengths among the inputs go on into ``outputs``, or pin what they count."""
    if all(getattr(value, "counts", None) is None for value in step.inputs):
        return
    try:
        carried, parts = _carried(step)
    except (Unfollowed,) + values.UNFORESEEN:
        carried, parts = [], []
    for number, counts in enumerate(carried):
        output = outputs[number]
        outputs[number] = Value(output.dims, output.pure, output.const, _array(counts))
    accepted = _accepted(step)
    for number, value in enumerate(step.inputs):
        if number not in accepted and not any(value is part for part in parts):
            pin_counted(step, value)


def pin_counted(step, value, reason=_NEEDS_ALL):
    """Where a value holds lengths, all that they count has to stay."""
    if getattr(value, "counts", None) is not None:
        for count in value.counts.ravel():
            pin_count(step, count, reason)


def made(step, number):
    """The dimensions of an output whose shape is input ``number``."""
    lengths = step.lengths()
    return [
        made_dimension(step, count, length)
        for count, length in zip(numbers(step.inputs[number], len(lengths)), lengths)
    ]


def made_dimension(step, count, length):
    """A new dimension that has so many indices, all alike: those that were counted."""
    if count is not None and not count.dimensions:
        return step.fresh(count.factor if length is None else length)
    if count is not None and count.single is not None:
        return without_zero(count.single)
    pin_count(step, count)
    return step.fresh(length, _COMPUTED)


def agree(step, dimension, count):
    """A dimension is given so many indices: when those that were counted become fewer, so must these."""
    if count is None:
        step.pin(dimension, _COMPUTED)
    elif count.single is not None:
        try:
            step.tie(dimension, count.single)
        except Unfollowed:
            step.pin(dimension, _COMPUTED)
            pin_count(step, count)
    elif count.dimensions:
        copies = _number_of_copies(step.classes, dimension, count)
        if copies is None:
            step.pin(dimension, _COMPUTED)
        pin_count(step, count if copies is None else copies)


def _number_of_copies(classes, dimension, count):
    """Where a dimension is copies in a row of one of those that are counted, the Count of the copies; else None."""
    nodes = classes.nodes_of(dimension)
    for number, one in enumerate(count.dimensions):
        others = count.dimensions[:number] + count.dimensions[number + 1 :]
        lengths = [classes.length(other) for other in others]
        if None not in lengths and nodes == classes.nodes_of(one) * (count.factor * int(np.prod(lengths))):
            return Count(count.factor, others)
    return None


def pin_all(step, values):
    """What the lengths in ``values`` count has to stay."""
    for value in values:
        pin_counted(step, value)


def pin_count(step, count, reason=_NEEDS_ALL):
    """All that a Count counts has to stay."""
    for dimension in count.dimensions if count is not None else ():
        step.pin(dimension, reason)


def _accepted(step):
    """Numbers of the inputs that may be lengths."""
    op = step.node.op
    if op == "Cast":
        return (0,) if step.attribute("DstT", "type") in _integer_types() else ()
    if op in _CHOICES:  # the first input decides
        return range(1, len(step.inputs))
    if op in _HANDING_ON:
        return range(len(step.inputs))
    return tuple(table[op] for table in (_SHAPE_INPUT, _HANDED_ON) if op in table)


def _array(counts):
    """An array of objects; numpy must not look into them."""
    made_of = np.empty(np.shape(counts), dtype=object)
    made_of[...] = counts
    return made_of


def _constants(value):
    if value.const is None or np.asarray(value.const).dtype.kind not in "iu":
        return None
    return np.vectorize(lambda each: Count(int(each)), otypes=[object])(value.const)


def _elements(value):
    """All Counts of a value; an Unfollowed where one of its elements is not known."""
    known = value.counts if value.counts is not None else _constants(value)
    if known is None:
        raise Unfollowed("is not known while building")
    return known


def _carried(step):
    """For each output the array of its Counts, or None, and which inputs have a part in them."""
    op = step.node.op
    if op == "Mul":
        return [_elements(step.inputs[0]) * _elements(step.inputs[1])], step.inputs
    if op == "Prod" and not step.lengths():
        return [functools.reduce(operator.mul, _elements(step.inputs[0]).ravel(), Count(1))], step.inputs[:1]
    if op not in MOVES or all(getattr(value, "counts", None) is None for value in moving(step)):
        return [], []
    return MOVES[op](step, *(_elements(value) for value in moving(step))), moving(step)
