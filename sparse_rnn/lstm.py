"""A long short-term memory layer whose weights are arguments.

Forget gates, no peepholes: TensorFlow's BasicLSTMCell, equal to float rounding. The four gates of step t
are the blocks i, j, f, o of ``[x_t, h_{t-1}] * kernel + bias``, and ::

    c_t = sigmoid(f + forget_bias) * c_{t-1} + sigmoid(i) * tanh(j)
    h_t = sigmoid(o) * tanh(c_t)

The input's share of the gates is one product over all time steps, and so is the gradient of the weights:
backpropagation through time keeps the gates' gradients of every step and multiplies them out once at the
end, in place of adding up one product per step.
"""

import collections

from sparse_rnn.compat import static_shape, tf
from sparse_rnn.custom_gradient import custom_gradient
from sparse_rnn.errors import UserError
from sparse_rnn.recurrence import cut_rows, like_steps, product, scan, split_steps, stack_steps, transposed

#: The order of the four blocks of n columns in a kernel ``[in + n, 4n]``: input gate, candidate, forget
#: gate, output gate.
GATES = ("i", "j", "f", "o")

LSTMState = collections.namedtuple("LSTMState", ["c", "h"])
LSTMState.__doc__ = "Cell state ``c [B, n]`` and hidden state ``h [B, n]``, in TensorFlow's order."

#: What one step leaves behind for its gradient: the states before it, the activated gates, tanh(c_t).
_Saved = collections.namedtuple("_Saved", ["c_before", "h_before", "i", "j", "f", "o", "squashed"])


def lstm(inputs, kernel, bias, initial_state=None, forget_bias=1.0, sequence_length=None):
    """Run one LSTM layer over a batch of sequences.

    Args:
      inputs: ``[T, B, in]``, time first; T and B need not be known while building.
      kernel: ``[in + n, 4n]``, input rows first, columns in the order of :data:`GATES`.
      bias: ``[4n]``.
      initial_state: ``(c, h)`` of ``[B, n]`` each; zeros by default.
      forget_bias: added to the forget gate before its sigmoid.
      sequence_length: ``[B]`` integers; beyond its length a sequence keeps its state and its output is 0.

    Returns:
      ``(outputs [T, B, n], LSTMState(c, h) after the last step)``.

    Raises:
      UserError: shapes that do not belong together.
    """
    inputs, kernel, bias = (tf.convert_to_tensor(each) for each in (inputs, kernel, bias))
    units = _check_shapes(inputs, kernel, bias)
    if initial_state is None:
        zeros = tf.zeros([tf.shape(inputs)[1], units], inputs.dtype)
        initial_state = LSTMState(zeros, zeros)
    initial_state = LSTMState(*(tf.convert_to_tensor(each) for each in initial_state))
    _check_state(initial_state, [static_shape(inputs)[1], units])
    running = None
    if sequence_length is not None:
        mask = tf.sequence_mask(sequence_length, tf.shape(inputs)[0], dtype=inputs.dtype)
        running = split_steps(like_steps(tf.transpose(mask)[:, :, tf.newaxis], inputs))

    @custom_gradient
    def layer(inputs, kernel, bias, c, h):
        outputs, last, saved = _forward(inputs, kernel, bias, LSTMState(c, h), running)

        def gradient(d_outputs, d_last_c, d_last_h):
            return _backward(inputs, kernel, saved, d_outputs, LSTMState(d_last_c, d_last_h), running)

        return (outputs, last.c, last.h), gradient

    outputs, *last = layer(inputs, kernel, _shifted(bias, forget_bias), *initial_state)
    return like_steps(outputs, inputs), LSTMState(*last)


def project(inputs, kernel, bias, forget_bias=1.0):
    """What inputs give to the gates, for inputs that come again and again, such as the words of a text.

    Args:
      inputs: ``[N, in]``.
      kernel, bias, forget_bias: as for :func:`lstm`.

    Returns:
      ``[N, 4n]``.
    """
    input_kernel, _ = cut_rows(kernel, static_shape(inputs)[1])
    return tf.nn.bias_add(tf.matmul(inputs, input_kernel), _shifted(bias, forget_bias))


def lstm_of_projected(projected, places, kernel, initial_state):
    """Run one LSTM layer, not to be trained, over what :func:`project` made of its inputs.

    Args:
      projected: ``[N, 4n]``.
      places: ``[T, B]`` integers, time first: which row of ``projected`` each input is.
      kernel: ``[in + n, 4n]``, whole, as for :func:`lstm`.
      initial_state: ``(c, h)`` of ``[B, n]`` each.

    Returns:
      What :func:`lstm` returns, without a gradient.
    """
    rows, columns = static_shape(kernel)
    _, recurrent_kernel = cut_rows(kernel, rows - columns // 4)

    def step(current, state):
        before = LSTMState(*state)
        after, _ = _cell(tf.gather(projected, current[0]) + tf.matmul(before.h, recurrent_kernel), before)
        return (after.h,), after

    (outputs,), last = scan(step, (split_steps(places),), initial_state, emits=1)
    outputs, *last = (tf.stop_gradient(each) for each in (stack_steps(outputs), *last))
    return like_steps(outputs, places), LSTMState(*last)


def _shifted(bias, forget_bias):
    """The forget bias is a constant shift of the bias, so it costs nothing per step and has no gradient."""
    shift = tf.constant([0.0, 0.0, forget_bias, 0.0], bias.dtype)
    return bias + tf.repeat(shift, static_shape(bias)[0] // 4)


def _check_shapes(inputs, kernel, bias):
    shape, kernel_shape, bias_shape = (static_shape(tensor) for tensor in (inputs, kernel, bias))
    if shape is None or len(shape) != 3 or shape[2] is None:
        raise UserError("LSTM inputs have shape {}; [time, batch, input size] is needed.".format(shape))
    width = shape[2]
    units = kernel_shape[0] - width if kernel_shape and kernel_shape[0] else 0
    if units < 1 or kernel_shape != [width + units, 4 * units] or bias_shape != [4 * units]:
        raise UserError(
            "an LSTM over inputs of width {} needs a kernel [{} + n, 4n] and a bias [4n]; these are {} and {}.".format(
                width, width, kernel_shape, bias_shape
            )
        )
    return units


def _check_state(state, needed):
    if not all(each.shape.is_compatible_with(needed) for each in state):
        raise UserError(
            "the initial state has shapes {} and {}; this LSTM needs {} each.".format(
                static_shape(state.c), static_shape(state.h), needed
            )
        )


def _forward(inputs, kernel, bias, initial, running):
    """The outputs ``[T, B, n]``, the last state, and what the gradient needs."""
    given, gates_of = _gates(inputs, kernel, bias)

    def step(current, state):
        before = LSTMState(*state)
        after, saved = _cell(gates_of(current[0], before.h), before)
        if running is None:
            return (after.h,) + saved, after
        return (current[1] * after.h,) + saved, _hold(current[1], after, before)

    sequences = (given,) if running is None else (given, running)
    (outputs, *saved), last = scan(step, sequences, initial, emits=1 + len(_Saved._fields))
    return stack_steps(outputs), LSTMState(*last), _Saved(*saved)


def _gates(inputs, kernel, bias):
    """A sequence, and the function that makes the gates ``[B, 4n]`` of a step of it and the h before."""
    if static_shape(inputs)[0] == 1:
        # Most kernels cannot be cut into rows without a copy, which takes longer than all else in a single step.
        return split_steps(inputs), lambda x, h: tf.nn.bias_add(tf.matmul(tf.concat([x, h], axis=1), kernel), bias)
    input_kernel, recurrent_kernel = cut_rows(kernel, static_shape(inputs)[2])
    projected = split_steps(product(inputs, input_kernel, bias))
    return projected, lambda projection, h: projection + tf.matmul(h, recurrent_kernel)


def _cell(gates, before):
    i, j, f, o = tf.split(gates, 4, axis=1)
    i, j, f, o = tf.sigmoid(i), tf.tanh(j), tf.sigmoid(f), tf.sigmoid(o)
    c = f * before.c + i * j
    squashed = tf.tanh(c)
    return LSTMState(c, o * squashed), _Saved(before.c, before.h, i, j, f, o, squashed)


def _backward(inputs, kernel, saved, d_outputs, d_last, running):
    """Gradients of inputs, kernel, bias and the initial c and h."""
    input_kernel, recurrent_kernel = cut_rows(kernel, static_shape(inputs)[2])
    to_state = transposed(recurrent_kernel)

    def step(current, d_state):
        d_output, kept = current[0], _Saved(*current[1 : 1 + len(_Saved._fields)])
        d_after = LSTMState(*d_state)
        if running is None:
            d_gates, d_c = _cell_gradient(kept, d_after.c, d_after.h + d_output)
            return (d_gates,), (d_c, tf.matmul(d_gates, to_state))
        now = current[-1]
        d_gates, d_c = _cell_gradient(kept, now * d_after.c, now * (d_after.h + d_output))
        d_h = tf.matmul(d_gates, to_state)
        return (d_gates,), (d_c + (1 - now) * d_after.c, d_h + (1 - now) * d_after.h)

    sequences = (split_steps(like_steps(d_outputs, inputs)),) + saved + (() if running is None else (running,))
    (d_gates,), (d_c, d_h) = scan(step, sequences, d_last, emits=1, reverse=True)
    d_gates = stack_steps(d_gates)
    flat = tf.reshape(d_gates, [-1, static_shape(kernel)[1]])
    read = tf.concat([inputs, stack_steps(saved.h_before)], axis=2)
    d_inputs = product(d_gates, input_kernel, transpose=True)
    with tf.control_dependencies([d_inputs]):  # Large products at the same time hinder each other.
        d_kernel = tf.matmul(tf.reshape(read, [-1, static_shape(kernel)[0]]), flat, transpose_a=True)
    return d_inputs, d_kernel, tf.reduce_sum(flat, axis=0), d_c, d_h


def _cell_gradient(kept, d_c, d_h):
    """Gradients of the gates before activation ``[B, 4n]`` and of the cell state before the step."""
    d_c = d_c + tf.raw_ops.TanhGrad(y=kept.squashed, dy=d_h * kept.o)
    d_gates = [
        tf.raw_ops.SigmoidGrad(y=kept.i, dy=d_c * kept.j),
        tf.raw_ops.TanhGrad(y=kept.j, dy=d_c * kept.i),
        tf.raw_ops.SigmoidGrad(y=kept.f, dy=d_c * kept.c_before),
        tf.raw_ops.SigmoidGrad(y=kept.o, dy=d_h * kept.squashed),
    ]
    return tf.concat(d_gates, axis=1), d_c * kept.f


def _hold(now, after, before):
    """The new state where a sequence is still running (``now [B, 1]`` is 1), the old one where it has ended."""
    return tuple(now * new + (1 - now) * old for new, old in zip(after, before))
