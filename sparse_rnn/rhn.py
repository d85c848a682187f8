"""A recurrent highway layer whose weights are arguments (Zilly et al., 2017; paper, section 4.2).

At every time step the state s passes through ``depth`` cells with coupled gates. Cell d computes ::

    h = tanh(r * H_d + bias)        r = [x_t * noise_i, s * noise_h] in the first cell, s * noise_h in all others
    t = sigmoid(r * T_d + bias)
    s = (h - s) * t + s

so the state itself is never masked. The noise is that of variational dropout: one mask for all time steps and cells.

The input's share of the first cell is one product over all time steps, h and t of a cell are one product, and
backpropagation through time keeps the gates' gradients of every step and multiplies them out once at the end, in
place of adding up one product per step.
"""

import collections

from sparse_rnn.compat import static_shape, tf
from sparse_rnn.custom_gradient import custom_gradient
from sparse_rnn.errors import UserError
from sparse_rnn.recurrence import cut_rows, like_steps, product, scan, split_steps, stack_steps, transposed

#: What one cell leaves behind for its gradient at each step: the masked state that it read, its gates, and h - s.
_Saved = collections.namedtuple("_Saved", ["read", "h", "t", "change"])


def rhn(inputs, h_weights, t_weights, initial_state=None, noise_i=None, noise_h=None):
    """Run one recurrent highway layer over a batch of sequences.

    Args:
      inputs: ``[T, B, in]``, time first; T and B need not be known while building.
      h_weights, t_weights: one ``(matrix, bias [n])`` for each cell. The first matrix is ``[in + n, n]``, input rows
        first, the others are ``[n, n]``.
      initial_state: ``[B, n]``; zeros by default.
      noise_i: ``[B, in]``, multiplied with the inputs of every step.
      noise_h: ``[B, n]``, multiplied with the state wherever a cell reads it; a constant, which no gradient reaches.

    Returns:
      ``(outputs [T, B, n], state [B, n] after the last step)``.

    Raises:
      UserError: shapes that do not belong together.
    """
    inputs = tf.convert_to_tensor(inputs)
    h_weights, t_weights = (
        [tuple(tf.convert_to_tensor(each) for each in cell) for cell in weights] for weights in (h_weights, t_weights)
    )
    units = _check_shapes(inputs, h_weights, t_weights)
    if initial_state is None:
        initial_state = tf.zeros([tf.shape(inputs)[1], units], inputs.dtype)
    initial_state = _rows("initial state", initial_state, inputs, units)
    noise_i = _rows("noise_i", noise_i, inputs, static_shape(inputs)[2])
    noise_h = _rows("noise_h", noise_h, inputs, units)
    if noise_i is not None:
        inputs = like_steps(inputs * noise_i, inputs)
    matrices, biases = _joined(h_weights, t_weights)
    depth = len(matrices)

    @custom_gradient
    def layer(inputs, state, *weights):
        matrices, biases = weights[:depth], weights[depth:]
        outputs, last, saved = _forward(inputs, matrices, biases, state, noise_h)

        def gradient(d_outputs, d_last):
            return _backward(inputs, matrices, saved, d_outputs, d_last, noise_h)

        return (outputs, last), gradient

    outputs, last = layer(inputs, initial_state, *(matrices + biases))
    last.set_shape(initial_state.shape)
    return like_steps(outputs, inputs), last


def project(inputs, h_weights, t_weights):
    """What inputs give to the gates of the first cell, for inputs that come again and again, such as words of a text.

    Args:
      inputs: ``[N, in]``.
      h_weights, t_weights: as for :func:`rhn`.

    Returns:
      ``[N, 2n]``.
    """
    (matrix,), (bias,) = _joined(h_weights[:1], t_weights[:1])
    of_inputs, _ = cut_rows(matrix, static_shape(inputs)[1])
    return tf.nn.bias_add(tf.matmul(inputs, of_inputs), bias)


def rhn_of_projected(projected, places, h_weights, t_weights, initial_state):
    """Run one recurrent highway layer, not to be trained, over what :func:`project` made of its inputs.

    Args:
      projected: ``[N, 2n]``.
      places: ``[T, B]`` integers, time first: which row of ``projected`` each input is.
      h_weights, t_weights: as for :func:`rhn`, the first matrices whole.
      initial_state: ``[B, n]``.

    Returns:
      What :func:`rhn` returns without noise, and without a gradient.
    """
    matrices, biases = _joined(h_weights, t_weights)
    rows, columns = static_shape(matrices[0])
    _, recurrent = _split_first(matrices, rows - columns // 2)

    def step(current, state):
        (s,) = state
        for cell, matrix in enumerate(recurrent):
            h, t = _gates(s, matrix, tf.gather(projected, current[0]) if cell == 0 else biases[cell])
            s = (h - s) * t + s
        return (s,), (s,)

    (outputs,), (last,) = scan(step, (split_steps(places, len(recurrent)),), (initial_state,), emits=1)
    return like_steps(tf.stop_gradient(stack_steps(outputs)), places), tf.stop_gradient(last)


def _joined(h_weights, t_weights):
    """The matrices ``[.., 2n]`` and the biases ``[2n]`` of every cell, those of h before those of t."""
    cells = [[tf.concat(pair, axis=-1) for pair in zip(h, t)] for h, t in zip(h_weights, t_weights)]
    return [matrix for matrix, _ in cells], [bias for _, bias in cells]


def _check_shapes(inputs, h_weights, t_weights):
    shape = static_shape(inputs)
    if shape is None or len(shape) != 3 or shape[2] is None:
        raise UserError(
            "the inputs of a highway layer have shape {}; [time, batch, input size] is needed.".format(shape)
        )
    if not h_weights or len(h_weights) != len(t_weights):
        raise UserError(
            "a highway layer needs as many weights for h as for t, one at least; these are {} and {}.".format(
                len(h_weights), len(t_weights)
            )
        )
    units = static_shape(h_weights[0][0])[-1]
    for kind, weights in (("h", h_weights), ("t", t_weights)):
        for cell, (matrix, bias) in enumerate(weights):
            needed = [shape[2] + units if cell == 0 else units, units]
            found = static_shape(matrix), static_shape(bias)
            if found != (needed, [units]):
                raise UserError(
                    "{}_{} of a highway layer over inputs of width {} needs a matrix {} and a bias {}; "
                    "these are {} and {}.".format(kind, cell, shape[2], needed, [units], *found)
                )
    return units


def _rows(what, value, inputs, width):
    """A tensor ``[B, width]``, or None."""
    if value is None:
        return None
    tensor, needed = tf.convert_to_tensor(value), [static_shape(inputs)[1], width]
    if not tensor.shape.is_compatible_with(needed):
        raise UserError("the {} has shape {}; this layer needs {}.".format(what, static_shape(tensor), needed))
    return tensor


def _forward(inputs, matrices, biases, initial, noise_h):
    """The outputs ``[T, B, n]``, the last state, and a _Saved of sequences for each cell."""
    depth = len(matrices)
    input_matrix, recurrent = _split_first(matrices, static_shape(inputs)[2])
    projected = split_steps(product(inputs, input_matrix, biases[0]), depth)

    def step(current, state):
        (s,), saved = state, ()
        for cell, matrix in enumerate(recurrent):
            read = _masked(s, noise_h)
            h, t = _gates(read, matrix, current[0] if cell == 0 else biases[cell])
            change = h - s
            saved += _Saved(read, h, t, change)
            s = change * t + s
        return (s,) + saved, (s,)

    (outputs, *saved), (last,) = scan(step, (projected,), (initial,), emits=1 + depth * len(_Saved._fields))
    return stack_steps(outputs), last, _by_cell(saved)


def _gates(read, matrix, shift):
    """The gates h and t of a cell that reads ``read [B, n]``."""
    h, t = tf.split(tf.matmul(read, matrix) + shift, 2, axis=1)
    return tf.tanh(h), tf.sigmoid(t)


def _by_cell(flat):
    """A _Saved for each cell of what all cells keep, one cell after the other."""
    return [_Saved(*each) for each in zip(*[iter(flat)] * len(_Saved._fields))]


def _split_first(matrices, width):
    """The rows of the first matrix that inputs of this width pass, and what the state passes in each cell."""
    of_inputs, of_state = cut_rows(matrices[0], width)
    return of_inputs, [of_state] + list(matrices[1:])


def _backward(inputs, matrices, saved, d_outputs, d_last, noise_h):
    """Gradients of the inputs, the initial state, the matrices ``[.., 2n]`` and the biases ``[2n]``."""
    depth = len(matrices)
    input_matrix, recurrent = _split_first(matrices, static_shape(inputs)[2])
    to_state = [transposed(matrix) for matrix in recurrent]

    def step(current, d_state):
        (d_output, *kept), emitted = current, ()
        d_s = d_state[0] + d_output
        for matrix, cell in reversed(list(zip(to_state, _by_cell(kept)))):
            d_change = d_s * cell.t
            d_gates = tf.concat(
                [tf.raw_ops.TanhGrad(y=cell.h, dy=d_change), tf.raw_ops.SigmoidGrad(y=cell.t, dy=d_s * cell.change)],
                axis=1,
            )
            d_s = d_s - d_change + _masked(tf.matmul(d_gates, matrix), noise_h)
            emitted = (d_gates,) + emitted
        return emitted, (d_s,)

    sequences = (split_steps(like_steps(d_outputs, inputs), depth),) + tuple(each for cell in saved for each in cell)
    d_gates, (d_initial,) = scan(step, sequences, (d_last,), emits=depth, reverse=True)
    d_gates = [stack_steps(each) for each in d_gates]
    d_matrices, d_biases = [], []
    for cell, matrix in enumerate(matrices):
        read = stack_steps(saved[cell].read)
        if cell == 0:
            read = tf.concat([inputs, read], axis=2)
        rows, columns = static_shape(matrix)
        flat = tf.reshape(d_gates[cell], [-1, columns])
        d_matrices.append(tf.matmul(tf.reshape(read, [-1, rows]), flat, transpose_a=True))
        d_biases.append(tf.reduce_sum(flat, axis=0))
    return [product(d_gates[0], input_matrix, transpose=True), d_initial] + d_matrices + d_biases


def _masked(tensor, noise):
    return tensor if noise is None else tensor * noise
