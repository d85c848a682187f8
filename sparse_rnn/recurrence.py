"""Running a step function along time, forwards or backwards, unrolled or in a loop.

A *sequence* is a list of one tensor per step where the graph is unrolled, and one tensor ``[T, ...]`` where it
is a loop. Recurrent layers are written once in terms of sequences and work both ways.
"""

from sparse_rnn.compat import static_shape, tf

#: Most cells that are unrolled into the graph; longer sequences, and those whose length is not known
#: while building, run in a loop.
LONGEST_UNROLLED = 64


def split_steps(tensor, cells=1):
    """The sequence of the steps of ``tensor [T, ...]``; a step passes through ``cells`` cells."""
    steps = static_shape(tensor)[0]
    return tf.unstack(tensor, steps) if steps and steps * cells <= LONGEST_UNROLLED else tensor


def stack_steps(sequence):
    """The tensor ``[T, ...]`` of a sequence."""
    return tf.stack(sequence) if isinstance(sequence, list) else sequence


def scan(step, sequences, state, emits, reverse=False):
    """Call ``step`` once per time step and collect what it emits.

    Args:
      step: maps (tuple of the sequences' tensors at this time, state) to (tuple of ``emits`` tensors, new state).
      sequences: tuple of sequences of equal length.
      state: tuple of tensors, the state before the first step.
      emits: how many tensors ``step`` emits.
      reverse: go from the last time step to the first.

    Returns:
      ``(tuple of emitted sequences in the order of time, last state)``.
    """
    if not isinstance(sequences[0], list):
        return _loop(step, sequences, state, emits, reverse)
    emitted = []
    for current in reversed(list(zip(*sequences))) if reverse else zip(*sequences):
        new, state = step(current, state)
        emitted.append(new)
    if reverse:
        emitted.reverse()
    return tuple(list(each) for each in zip(*emitted)), tuple(state)


def _loop(step, sequences, state, emits, reverse):
    steps = tf.shape(sequences[0])[0]
    sources = [tf.TensorArray(each.dtype, size=steps).unstack(each) for each in sequences]
    sinks = [tf.TensorArray(sequences[0].dtype, size=steps) for _ in range(emits)]

    def body(count, state, sinks):
        time = steps - 1 - count if reverse else count
        current = []
        for source, each in zip(sources, sequences):
            value = source.read(time)
            value.set_shape(each.shape[1:])
            current.append(value)
        emitted, new_state = step(tuple(current), state)
        for new, old in zip(new_state, state):
            new.set_shape(old.shape)
        return count + 1, tuple(new_state), tuple(sink.write(time, each) for sink, each in zip(sinks, emitted))

    _, state, sinks = tf.while_loop(
        lambda count, *_: count < steps, body, (tf.constant(0), tuple(state), tuple(sinks)), back_prop=False
    )
    return tuple(sink.stack() for sink in sinks), state


def product(sequence, matrix, bias=None, transpose=False):
    """``sequence [T, B, a] * matrix [a, b] (+ bias)`` as one product: ``[T, B, b]``."""
    inner, outer = static_shape(matrix)[::-1] if transpose else static_shape(matrix)
    flat = tf.matmul(tf.reshape(sequence, [-1, inner]), matrix, transpose_b=transpose)
    flat = flat if bias is None else flat + bias
    return like_steps(tf.reshape(flat, tf.concat([tf.shape(sequence)[:2], [outer]], axis=0)), sequence)


def like_steps(tensor, sequence):
    """``tensor``, known to have the time steps and the batch of ``sequence``."""
    tensor.set_shape(static_shape(sequence)[:2] + static_shape(tensor)[2:])
    return tensor
