"""Rules of operations that work element by element: they tie dimensions of equal length; length 1 broadcasts."""

import functools

import numpy as np

from sparse_rnn.compat import tf
from sparse_rnn.discovery.classes import Segment
from sparse_rnn.discovery.values import Value, Variable, read, without_zero

#: The output is the input.
PASSES = (
    "CheckNumerics DeepCopy EnsureShape Identity PreventGradient Print RefIdentity Snapshot StopGradient "
    "Enter Exit LoopCond NextIteration RefEnter RefExit RefNextIteration"
).split()
#: f(0) = 0.
KEEPS_ZERO = (
    "Abs Asinh Atan Atanh Ceil Conj Elu Erf Expm1 Floor LeakyRelu Log1p Neg Real Relu Relu6 Rint Round Selu Sign Sin "
    "Sinh Softsign Sqrt Square Tan Tanh"
).split()
LOSES_ZERO = (
    "BitwiseNot Cos Cosh Erfc Exp IsFinite IsInf IsNan LogicalNot OnesLike Sigmoid Softplus ZerosLike"
).split()
#: Infinite at 0.
POLES = "Inv Lgamma Log Reciprocal Rsqrt".split()
#: Zero where every operand is.
ALL = "Add AddN AddV2 LogicalOr Maximum Minimum SquaredDifference Sub AccumulateNV2".split()
#: Zero where any operand is.
ANY = "LogicalAnd Mul MulNoNan".split()
#: Not finite, or no number, where the second operand is zero.
DIVISIONS = "Div FloorDiv FloorMod Mod RealDiv TruncateDiv TruncateMod Xdivy Xlogy".split()
#: Zero where the first operand is.
FIRST = "Div DivNoNan FloorDiv RealDiv TruncateDiv Xdivy Xlogy".split()
NEVER = (
    "ApproximateEqual Atan2 BitwiseAnd BitwiseOr BitwiseXor ClipByValue Equal FloorMod Greater GreaterEqual Less "
    "LessEqual Mod NotEqual Pow SelectV2 TruncateMod InvGrad ReciprocalGrad ReluGrad Relu6Grad RsqrtGrad SigmoidGrad "
    "SoftplusGrad SqrtGrad TanhGrad EluGrad SeluGrad LeakyReluGrad"
).split()


@functools.lru_cache(maxsize=None)
def float_types():
    """Types of numbers along which there may be units, as a protobuf has them."""
    return tuple(each.as_datatype_enum for each in (tf.bfloat16, tf.float16, tf.float32, tf.float64))


def rules():
    """Operation type -> rule."""
    found = dict.fromkeys(PASSES + ["IdentityN"], identity_n)
    found.update(dict.fromkeys(KEEPS_ZERO, _keeps_zero))
    found.update(dict.fromkeys(LOSES_ZERO, _loses_zero))
    found.update(dict.fromkeys(POLES, _pole))
    for ops, combine in ((ALL, _all), (ANY, _any), (FIRST, _first), (NEVER, _never)):
        found.update({op: _broadcasting(combine) for op in ops})
    found.update({op: _dividing(found[op]) for op in DIVISIONS})
    found.update(Cast=identity_n, Select=select, BiasAdd=bias_add, Pow=power)
    return found


def identity_n(step):
    """Every output is the input of the same number."""
    return [
        read(value) if isinstance(value, Variable) and value.reference and not step.node.op.startswith("Ref") else value
        for value in step.inputs
    ]


def select(step):
    """The first form of tf.where: the condition has the shape of the branches or picks whole rows."""
    condition, first, second = step.tensors()
    if len(condition.dims) < len(first.dims) and len(condition.dims) <= 1:
        rows = condition.dims + [step.fresh(1)] * (len(first.dims) - 1) if condition.dims else []
        condition = Value(rows)
    return [_combined(step, [condition, first, second], _never)]


def bias_add(step):
    """A vector is added along the channels."""
    value, bias = step.tensors()
    if step.attribute("data_format", "s") == b"NCHW":
        bias = Value(bias.dims + [step.fresh(1)] * (len(value.dims) - 2), bias.pure)
    return [_combined(step, [value, bias], _all)]


def _keeps_zero(step):
    value = step.tensor(0)
    return [Value(value.dims, value.pure)]


def _loses_zero(step):
    value = step.tensor(0)
    return [Value([without_zero(dimension) for dimension in value.dims], value.pure)]


def _pole(step):
    step.divided_by(step.tensor(0))
    return _loses_zero(step)


def power(step):
    """A power of zero is no number where the exponent is negative, or may be."""
    exponent = getattr(step.inputs[1], "const", None)
    if exponent is None or np.any(exponent < 0):
        step.divided_by(step.tensor(0))
    return [_combined(step, step.tensors(), _never)]


def _dividing(rule):
    """The rule of an operation that gives no number where its second operand is zero."""

    def divide(step):
        step.divided_by(step.tensor(1))
        return rule(step)

    return divide


def _broadcasting(combine):
    return lambda step: [_combined(step, step.tensors(), combine)]


def _combined(step, values, combine):
    """The value of operands that broadcast against each other."""
    if combine is _all:
        values = [value for value in values if not _is_zero(value)] or values
    rank = max(len(value.dims) for value in values)
    dims = []
    for axis in range(rank):
        present = [axis - rank + len(value.dims) for value in values]
        column = [value.dims[place] if place >= 0 else None for value, place in zip(values, present)]
        dims.append(_one_dimension(step, column, combine))
    return Value(dims, all(value.pure for value in values))


def _is_zero(value):
    """Whether it is the number 0, which changes nothing that it is added to."""
    return value.dims == [] and value.const is not None and not np.any(value.const)


def _one_dimension(step, column, combine):
    """Tie the operands' dimensions at one place; None stands for an operand that has none there."""
    wide = [number for number, each in enumerate(column) if each is not None and step.classes.length(each) != 1]
    if not wide:
        return next(without_zero(each) for each in column if each is not None)
    result = column[wide[0]]
    for number in wide[1:]:
        result = tuple(
            Segment(one.node, combine(one.zero, other.zero)) for one, other in zip(*step.tie(result, column[number]))
        )
    keeps_zero = {_all: len(wide) == len(column), _any: True, _first: wide[0] == 0, _never: False}[combine]
    return result if keeps_zero else without_zero(result)


def _all(first, second):
    return first | second if first and second else None


def _any(first, second):
    return first or second


def _first(first, second):
    return first


def _never(first, second):
    return None
