"""Recurrent layers in plain numpy, one time step after the other: what all others are held against.

Sequences are ``[T, B, width]``; widths are read off the arrays, so a compacted network runs through the same code.
"""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm(inputs, kernel, bias, state=None, forget_bias=0.0):
    """TensorFlow's BasicLSTMCell: ``kernel [in + n, 4n]``, gates i, j, f, o. Returns outputs and (c, h)."""
    units = kernel.shape[1] // 4
    c, h = state if state is not None else np.zeros([2, inputs.shape[1], units])
    outputs = []
    for x in inputs:
        i, j, f, o = np.split(np.concatenate([x, h], axis=1) @ kernel + bias, 4, axis=1)
        c = c * sigmoid(f + forget_bias) + sigmoid(i) * np.tanh(j)
        h = np.tanh(c) * sigmoid(o)
        outputs.append(h)
    return np.stack(outputs), (c, h)


def bidirectional_lstm(inputs, forward, backward, forget_bias=0.0):
    """``forward`` and ``backward`` are (kernel, bias); the outputs are ``[forward, backward]`` side by side."""
    ahead, _ = lstm(inputs, *forward, forget_bias=forget_bias)
    back, _ = lstm(inputs[::-1], *backward, forget_bias=forget_bias)
    return np.concatenate([ahead, back[::-1]], axis=2)


def gru(inputs, gates_kernel, gates_bias, candidate_kernel, candidate_bias, state=None):
    """TensorFlow's GRUCell: ``gates_kernel [in + n, 2n]`` (reset, update). Returns outputs and the last state."""
    units = candidate_kernel.shape[1]
    h = state if state is not None else np.zeros([inputs.shape[1], units])
    outputs = []
    for x in inputs:
        r, u = np.split(sigmoid(np.concatenate([x, h], axis=1) @ gates_kernel + gates_bias), 2, axis=1)
        candidate = np.tanh(np.concatenate([x, r * h], axis=1) @ candidate_kernel + candidate_bias)
        h = u * h + (1.0 - u) * candidate
        outputs.append(h)
    return np.stack(outputs), h


def rhn(inputs, h_linear, t_linear, state=None, noise_i=1.0, noise_h=1.0):
    """Recurrent highway layer: ``h_linear`` and ``t_linear`` hold one (matrix, bias) for each depth.

    The first matrix is ``[in + n, n]`` (it reads the input), the others ``[n, n]``. The noise ``[B, in]`` and
    ``[B, n]`` is multiplied with what the matrices read. Returns outputs and the last state.
    """
    units = h_linear[0][0].shape[1]
    s = state if state is not None else np.zeros([inputs.shape[1], units])
    outputs = []
    for x in inputs:
        for depth, ((h_matrix, h_bias), (t_matrix, t_bias)) in enumerate(zip(h_linear, t_linear)):
            read = np.concatenate([x * noise_i, s * noise_h], axis=1) if depth == 0 else s * noise_h
            h = np.tanh(read @ h_matrix + h_bias)
            t = sigmoid(read @ t_matrix + t_bias)
            s = (h - s) * t + s
        outputs.append(s)
    return np.stack(outputs), s
