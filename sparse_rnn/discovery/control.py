"""Rules of control flow: branches that come together, loops, and functions.

Either form of TensorFlow's loops is followed once: what goes round has the same indices in every round.
"""

from sparse_rnn.discovery.values import Elements, Unfollowed, Value, Variable, tracked, without_zero


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
    result = tracked(known[0])
    step.analysis.rounds.append((step, result))
    return [result, Value([])]


def close(step, result):
    """Tie a loop's Merge with what comes back from the round before."""
    for (source, number), value in zip(step.node.inputs, step.inputs):
        if value is None:
            _same_or_pinned(step, result, step.scope.values[source][number])


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
    return [_one_of(step, list(each)) for each in zip(*results)]


def loop(step):
    """What goes round; what the body hands on as it is keeps what is known of it."""
    body = step.attribute("body", "func").name
    kept = step.analysis.handed_on(step.scope, body)
    arguments = [value if number in kept else tracked(value) for number, value in enumerate(step.inputs)]
    step.analysis.call(step, step.attribute("cond", "func").name, arguments)
    results = step.analysis.call(step, body, arguments)
    for number, (argument, result) in enumerate(zip(arguments, results)):
        if number not in kept:
            _same_or_pinned(step, argument, result)
    return arguments


def _same_or_pinned(step, first, second):
    try:
        same(step, first, second)
    except Unfollowed as why:
        for dimension in first.dimensions() + second.dimensions():
            step.pin(dimension, str(why))


def same(step, first, second):
    """Two things that stand for each other have the same indices."""
    if isinstance(first, Elements) and isinstance(second, Elements):
        if first.value is not None and second.value is not None:
            same(step, first.value, second.value)
        first.become(second)
    elif isinstance(first, Variable) and first is second:
        return
    elif isinstance(first, Value) and isinstance(second, Value) and first.dims is not None and second.dims is not None:
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
