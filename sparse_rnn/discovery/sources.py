"""Rules of operations that bring in data, variables and constants, and of those that store into variables."""

import numpy as np

from sparse_rnn.compat import tf
from sparse_rnn.discovery.values import Elements, Unfollowed, Value, Variable, read

_RANDOM = (
    "Multinomial ParameterizedTruncatedNormal RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle "
    "RandomStandardNormal RandomUniform RandomUniformInt StatelessMultinomial StatelessRandomGetKeyCounter "
    "StatelessRandomGetAlg StatelessRandomGetKeyCounterAlg StatelessRandomNormal StatelessRandomNormalV2 "
    "StatelessRandomUniform StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2 "
    "StatelessTruncatedNormal StatelessTruncatedNormalV2 TruncatedNormal"
).split()
_DATA = (
    "FIFOQueueV2 IteratorGetNext IteratorGetNextSync QueueDequeueManyV2 QueueDequeueUpToV2 QueueDequeueV2 RestoreV2 "
    "VarIsInitializedOp IsVariableInitialized"
).split()
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


def rules():
    """Operation type -> rule."""
    found = dict.fromkeys(_RANDOM + _DATA, fresh)
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


def fresh(step):
    """Numbers that come from outside or are drawn anew."""
    return [step.fresh_value(number) for number in range(step.scope.outputs(step.node))]


def placeholder(step):
    """What is fed; where units run along it, whoever feeds it has to feed fewer."""
    value = step.fresh_value()
    step.analysis.fed.append((step.node.name, value))
    return [value]


def placeholder_with_default(step):
    """Fed, or else the default."""
    value = Value(step.tensor(0).dims)
    step.analysis.fed.append((step.node.name, value))
    return [value]


def variable(step):
    """The handle or reference of a variable."""
    return [step.analysis.variable(step.node)]


def read_variable(step):
    """The value of a variable."""
    if not isinstance(step.inputs[0], Variable):
        raise Unfollowed("reads a variable that is not known while building")
    return [read(step.inputs[0])]


def assign(step):
    """A variable takes on a value: they have the same indices."""
    target = step.inputs[0]
    if not isinstance(target, Variable) or target.dims is None:
        raise Unfollowed("stores into a variable that is not known while building")
    value = step.tensor(1)
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
    if elements == 0:
        return [value]
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
