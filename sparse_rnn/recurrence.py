"""Running a step function along time, forwards or backwards, unrolled or in a loop.

A *sequence* is a list of one tensor per step where the graph is unrolled, and a TensorArray with the shape of a
step where it is a loop: a loop hands what it kept to the next one without copying it. Recurrent layers are written
once in terms of sequences and work both ways.
"""

import collections

from sparse_rnn.compat import static_shape, tf

#: Most cells that are unrolled into the graph; longer sequences, and those whose length is not known
#: while building, run in a loop.
LONGEST_UNROLLED = 64

_Looped = collections.namedtuple("_Looped", ["array", "shape"])
_Looped.__doc__ = "The sequence of a loop: a TensorArray, and the static shape of one step."


def split_steps(tensor, cells=1):
    """The sequence of the steps of ``tensor [T, ...]``; a step passes through ``cells`` cells."""
    steps = static_shape(tensor)[0]
    if steps and steps * cells <= LONGEST_UNROLLED:
        return tf.unstack(tensor, steps)
    return _Looped(_array(tensor.dtype, tf.shape(tensor)[0]).unstack(tensor), tensor.shape[1:])


def stack_steps(sequence):
    """The tensor ``[T, ...]`` of a sequence."""
    if isinstance(sequence, list):
        return tf.stack(sequence)
    stacked = sequence.array.stack()
    stacked.set_shape(tf.TensorShape([None]).concatenate(sequence.shape))
    return stacked


def scan(step, sequences, state, emits, reverse=False):
    """Call ``step`` once per time step and collect what it emits.

    Args:
      step: maps (tuple of the sequences' tensors at this time, state) to (tuple of ``emits`` tensors, new state).
      sequences: tuple of sequences of equal length, at least 1 where they are unrolled.
      state: tuple of tensors, the state before the first step.
      emits: how many tensors ``step`` emits, of the state's type; a loop has to know it beforehand.
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
    steps = sequences[0].array.size()
    sinks = tuple(_array(state[0].dtype, steps) for _ in range(emits))
    shapes = []

    def body(count, state, sinks):
        time = steps - 1 - count if reverse else count
        current = []
        for source in sequences:
            value = source.array.read(time)
            value.set_shape(source.shape)
            current.append(value)
        emitted, new_state = step(tuple(current), state)
        for new, old in zip(new_state, state):
            new.set_shape(old.shape)
        shapes[:] = [each.shape for each in emitted]
        return count + 1, tuple(new_state), tuple(sink.write(time, each) for sink, each in zip(sinks, emitted))

    _, state, sinks = tf.while_loop(
        lambda count, *_: count < steps, body, (tf.constant(0), tuple(state), sinks), back_prop=False
    )
    return tuple(_Looped(*each) for each in zip(sinks, shapes)), state


def _array(dtype, steps):
    # What is read stays: saved values are read by the gradient's loop and stacked for its products.
    return tf.TensorArray(dtype, size=steps, clear_after_read=False)


def product(sequence, matrix, bias=None, transpose=False):
    """``sequence [T, B, a] * matrix [a, b] (+ bias)`` as one product: ``[T, B, b]``."""
    inner, outer = static_shape(matrix)[::-1] if transpose else static_shape(matrix)
    flat = tf.matmul(tf.reshape(sequence, [-1, inner]), matrix, transpose_b=transpose)
    flat = flat if bias is None else tf.nn.bias_add(flat, bias)
    return like_steps(tf.reshape(flat, tf.concat([tf.shape(sequence)[:2], [outer]], axis=0)), sequence)


def cut_rows(matrix, at):
    """``matrix[:at]`` and ``matrix[at:]`` of a matrix of known shape, as quickly as can be.

    TensorFlow copies rows that are no multiple of 64 bytes long. It takes a part of a vector as it is where both ends
    lie at such multiples, and copies it in one go elsewhere.
    """
    rows, columns = static_shape(matrix)
    flat = tf.reshape(matrix, [-1])
    above, below = flat[: at * columns], flat[at * columns :]
    return tf.reshape(above, [at, columns]), tf.reshape(below, [rows - at, columns])


def transposed(matrix):
    """The transpose of a matrix of known shape, as a tensor of its own.

    On a processor a product of few rows with it takes half as long as ``tf.matmul(rows, matrix, transpose_b=True)``,
    which rearranges the matrix at every call. TensorFlow's optimizer would make that of a product with
    ``tf.transpose(matrix)``; the reshapes hide the transpose from it.
    """
    rows, columns = static_shape(matrix)
    return tf.reshape(tf.transpose(tf.reshape(matrix, [rows, 1, columns]), [2, 1, 0]), [columns, rows])


def like_steps(tensor, sequence):
    """``tensor``, known to have the time steps and the batch of ``sequence``."""
    tensor.set_shape(static_shape(sequence)[:2] + static_shape(tensor)[2:])
    return tensor
