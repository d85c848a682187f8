"""Rules of control flow: branches that come together, loops, and functions.

Either form of TensorFlow's loops is followed once: what goes round has the same indices in every round.
"""

import itertools

from sparse_rnn.discovery import counting
from sparse_rnn.discovery.values import Elements, Unfollowed, Value, Variable, tracked, without_zero

_CHANGES = "may change a length from round to round"


def rules():
    """Operation type -> rule."""
    return {
        "Case": branches,
        "If": branches,
        "Merge": merge,
        "PartitionedCall": call,
        "RefMerge": merge,
        "RefSwitch": switch,
        "StatefulPartitionedCall": call,
        "StatelessCase": branches,
        "StatelessIf": branches,
        "StatelessWhile": loop,
        "Switch": switch,
        "While": loop,
    }


def switch(step):
    """The same tensor on either branch."""
    return [step.inputs[0], step.inputs[0]]


def merge(step):
    """One of the inputs, whichever comes; a loop's second one is only known at the end."""
    known = [value for value in step.inputs if value is not None]
    if not known:
        raise Unfollowed("has no input that is known beforehand")
    if len(known) == len(step.inputs):
        return [_one_of(step, known), Value([])]
    # A loop's Enter has the shape of all rounds already; what enters has that of the first.
    entering = next(source for (source, _), value in zip(step.node.inputs, step.inputs) if value is not None)
    result = _in_any_round(step, known[0], step.scope.shape(*entering.inputs[0]), step.shape())
    step.analysis.rounds.append((step, result))
    return [result, Value([])]


def close(step, result):
    """Tie a loop's Merge with what comes back from the round before."""
    for (source, number), value in zip(step.node.inputs, step.inputs):
        if value is None:
            coming = step.scope.values[source][number]
            counting.pin_counted(step, coming)
            _same_or_pinned(step, result, coming)


def call(step):
    """The function's results."""
    return step.analysis.call(step, step.attribute("f", "func").name, step.inputs)


def branches(step):
    """The results of whichever function is chosen."""
    _, *arguments = step.inputs
    if step.node.op.endswith("Case"):
        names = [function.name for function in step.attribute("branches", "list").func]
    else:
        names = [step.attribute(name, "func").name for name in ("then_branch", "else_branch")]
    results = [step.analysis.call(step, name, arguments) for name in names]
    for value in itertools.chain(*results):
        counting.pin_counted(step, value)
    return [_one_of(step, list(each)) for each in zip(*results)]


def loop(step):
    """What goes round; what the body hands on as it is keeps what is known of it."""
    body = step.attribute("body", "func").name
    kept = step.analysis.handed_on(step.scope, body)
    arguments = list(step.inputs)
    for number, (value, source) in enumerate(zip(step.inputs, step.node.inputs)):
        if number not in kept:
            counting.pin_counted(step, value)
            arguments[number] = _in_any_round(step, value, step.scope.shape(*source), step.shape(number))
    step.analysis.call(step, step.attribute("cond", "func").name, arguments)
    results = step.analysis.call(step, body, arguments)
    for number, (argument, result) in enumerate(zip(arguments, results)):
        if number not in kept:
            counting.pin_counted(step, result)
            _same_or_pinned(step, argument, result)
    return arguments


def _in_any_round(step, value, before, during):
    """What is known of a tensor that goes round: its dimensions, but not a length that may change on the way.

    Args:
      step: the loop, or its Merge.
      value: what goes in.
      before: its static shape.
      during: the static shape that holds for all rounds.
    """
    if not isinstance(value, Value) or value.dims is None or before is None:
        return tracked(value)
    changing = [during is None or (length is not None and now is None) for length, now in zip(before, during or before)]
    dims = list(tracked(value).dims)
    for axis, dimension in enumerate(dims):
        if changing[axis]:
            step.pin(dimension, _CHANGES)
            dims[axis] = step.fresh(None, _CHANGES)
    return Value(None if during is None else dims)


def _same_or_pinned(step, first, second):
    pairs = [(first, second)]
    if all(isinstance(each, Value) and each.dims is not None for each in pairs[0]):
        if len(first.dims) == len(second.dims):
            pairs = [(Value([one]), Value([other])) for one, other in zip(first.dims, second.dims)]
    for one, other in pairs:
        try:
            same(step, one, other)
        except Unfollowed as why:
            for dimension in one.dimensions() + other.dimensions():
                step.pin(dimension, str(why))


def same(step, first, second):
    """Two things that stand for each other have the same indices."""
    if isinstance(first, Elements) and isinstance(second, Elements):
        if first.value is not None and second.value is not None:
            same(step, first.value, second.value)
        first.become(second)
        counting.pin_all(step, first.lengths_in_use())
    elif isinstance(first, Variable) and first is second:
        return
    elif isinstance(first, Value) and isinstance(second, Value) and first.dims is not None and second.dims is not None:
        if any(
            {step.classes.length(one), step.classes.length(other)} == {None, 1}
            for one, other in zip(first.dims, second.dims)
        ):
            raise Unfollowed("gives tensors that may broadcast differently in turn")
        step.tie_all(first, second)
    else:
        raise Unfollowed("gives different kinds of things in turn")


def _one_of(step, values):
    first = values[0]
    for other in values[1:]:
        same(step, first, other)
    if not isinstance(first, Value) or first.dims is None:
        return first
    dims = list(first.dims)
    for other in values[1:]:
        for axis, dimension in enumerate(other.dims):
            dims[axis] = step.alike(dims[axis], dimension)
    pure = all(value.pure for value in values)
    return Value(dims if pure else [without_zero(dimension) for dimension in dims], pure)
