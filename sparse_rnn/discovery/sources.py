"""Rules of operations that bring in data, variables and constants, and of those that store into variables."""

import numpy as np

from sparse_rnn.compat import tf
from sparse_rnn.discovery import counting
from sparse_rnn.discovery.elementwise import float_types
from sparse_rnn.discovery.values import Elements, Unfollowed, Value, Variable, read

_SEEDS = ("StatelessRandomGetAlg", "StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg")
_DATA = (
    "FIFOQueueV2 IteratorGetNext IteratorGetNextSync QueueDequeueManyV2 QueueDequeueUpToV2 QueueDequeueV2 RestoreV2 "
    "VarIsInitializedOp IsVariableInitialized"
).split()
_DATA_STAYS = "brings in data along these indices"
#: Operations that make a variable.
VARIABLES = ("VarHandleOp", "Variable", "VariableV2", "AutoReloadVariable")
#: Operations that store what is given into a variable, or add it: (variable, value).
ASSIGNMENTS = (
    "Assign",
    "AssignAdd",
    "AssignAddVariableOp",
    "AssignSub",
    "AssignSubVariableOp",
    "AssignVariableOp",
)

#: Operations that store into some rows of a variable: (variable, rows, values).
SCATTERS = (
    "ResourceScatterAdd",
    "ResourceScatterSub",
    "ResourceScatterUpdate",
    "ScatterAdd",
    "ScatterSub",
    "ScatterUpdate",
)
#: They look at a tensor, and nothing comes of it.
OBSERVERS = frozenset(
    "Assert AudioSummary AudioSummaryV2 HistogramSummary ImageSummary MergeSummary PrintV2 SaveSlices SaveV2 "
    "ScalarSummary StackPushV2 StringFormat TensorSummary TensorSummaryV2 WriteHistogramSummary WriteScalarSummary "
    "WriteSummary".split()
)


def rules():
    """Operation type -> rule."""
    found = dict.fromkeys(counting.DRAWS, noise)
    found.update(dict.fromkeys(_DATA, data))
    found.update(dict.fromkeys(_SEEDS, seeds))
    found.update(dict.fromkeys(VARIABLES, variable))
    found.update(dict.fromkeys(ASSIGNMENTS, assign))
    found.update(
        Const=constant,
        Placeholder=placeholder,
        PlaceholderV2=placeholder,
        PlaceholderWithDefault=placeholder_with_default,
        ReadVariableOp=read_variable,
    )
    return found


def data(step):
    """Numbers that come from outside: as many as there are."""
    return [step.fresh_value(number, _DATA_STAYS) for number in range(step.scope.outputs(step.node))]


def noise(step):
    """Numbers that are drawn one by one: for fewer units fewer are drawn, of the same distribution.

    Without a state and from a seed that is always the same they are no noise but constants that differ.
    """
    shape, *others = step.inputs
    dims = counting.made(step, 0)
    if step.node.op.startswith("Stateless") and all(value.pure for value in others):
        for dimension in dims:
            step.pin(dimension, "gives every index a number of its own")
    for dimension in (each for value in others for each in value.dimensions()):
        step.pin(dimension, "draws numbers with it")
    return [Value(dims)]


def seeds(step):
    """What a seed is turned into."""
    return [
        Value(step.fresh_value(number).dims, all(value.pure for value in step.inputs))
        for number in range(step.scope.outputs(step.node))
    ]


def placeholder(step):
    """What is fed; where units run along it, whoever feeds it has to feed fewer."""
    return [_fed(step, step.fresh_value())]


def placeholder_with_default(step):
    """Fed, or else the default; a length of 1 may be another when it is fed."""
    dims = [
        step.fresh(None, _DATA_STAYS) if length is None and step.classes.length(dimension) == 1 else dimension
        for dimension, length in zip(step.tensor(0).dims, step.lengths())
    ]
    return [_fed(step, Value(dims))]


def _fed(step, value):
    """Units may run along the last axis of numbers that are fed; the others are examples, steps and places."""
    dims = value.dimensions()
    long = [axis for axis, dimension in enumerate(dims) if step.classes.length(dimension) != 1]
    units = long[-1:] if step.attribute("dtype", "type") in float_types() and long != [0] else []
    for axis, dimension in enumerate(dims):
        if axis not in units:
            step.pin(dimension, _DATA_STAYS)
    step.analysis.fed.append((step.node.name, value))
    return value


def variable(step):
    """The handle or reference of a variable."""
    return [step.analysis.variable(step.node)]


def read_variable(step):
    """The value of a variable."""
    if not isinstance(step.inputs[0], Variable):
        raise Unfollowed("reads a variable that is not known while building")
    return [read(step.inputs[0])]


def assign(step):
    """A variable takes on a value: they have the same indices.

    A weight that takes on what is computed from data need not stay zero, whatever is zero in a checkpoint.
    """
    target = step.inputs[0]
    if not isinstance(target, Variable) or target.dims is None:
        raise Unfollowed("stores into a variable that is not known while building")
    value = step.tensor(1)
    if target.trainable and not value.pure:
        step.analysis.stored[target.name] = step.node.name
    if value.dims or not target.dims:
        step.tie_all(Value(target.dims), value)
    return [target]


def constant(step):
    """Numbers in the graph. Along units they must all be alike, which is looked at when the units are known."""
    if step.attribute("dtype", "type") == tf.string.as_datatype_enum:
        return [step.fresh_value()]
    proto = step.node.attr["value"].tensor
    value = step.fresh_value()
    value.pure = True
    elements = int(np.prod([size.size for size in proto.tensor_shape.dim]))
    array = tf.make_ndarray(proto)
    if elements <= 64:
        value.const = array
    if elements > 1 and not (array == array.flat[0]).all():
        step.analysis.constants.append((step.node.name, value, array))
    return [value]


def elements_of(step, number):
    """Input ``number`` as Elements."""
    found = step.inputs[number]
    if not isinstance(found, Elements):
        raise Unfollowed("takes from a list that is not known while building")
    return found
