"""BiDAF in plain numpy, one question at a time and without padding: what the graph is held against."""

import numpy as np

from bidaf import variables
from tests import reference


def softmax(x, axis=-1):
    shifted = np.exp(x - x.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def words(w, ids):
    return np.concatenate([w[variables.WORD_EMBEDDING], w[variables.GLOVE]])[ids]


def characters(w, ids, heights):
    """``ids [T, W]``: the largest response over the places of each filter, then relu."""
    found = []
    for height in heights:
        filters, bias = w[variables.conv(height)][0], w[variables.conv(height, "bias")]
        embedded = w[variables.CHAR_EMBEDDING][ids]
        places = [embedded[:, start : start + height] for start in range(ids.shape[1] - height + 1)]
        responses = np.stack([np.einsum("thc,hco->to", place, filters) + bias for place in places])
        found.append(np.maximum(responses, 0).max(axis=0))
    return np.concatenate(found, axis=1)


def highway(w, x, layers):
    for layer in range(layers):
        trans, gate = (
            x @ w[variables.highway(layer, path)] + w[variables.highway(layer, path, "bias")]
            for path in ("trans", "gate")
        )
        gate = reference.sigmoid(gate)
        x = gate * np.maximum(trans, 0) + (1 - gate) * x
    return x


def bilstm(w, layer, x):
    directions = [
        (w[variables.cell(layer, direction)], w[variables.cell(layer, direction, "bias")]) for direction in ("fw", "bw")
    ]
    return reference.bidirectional_lstm(x[:, np.newaxis], *directions, forget_bias=1.0)[:, 0]


def attention_scores(w, kind, h, u):
    """The features of every pair ``[T, J, ...]``, as the original forms them, and the score of each."""
    pairs = [np.broadcast_to(h[:, None], (len(h), len(u), h.shape[1])), np.broadcast_to(u, (len(h),) + u.shape)]
    hh, uu = pairs

    def linear(features, step="first"):
        return np.concatenate(features, axis=2) @ w[variables.attention(step)] + w[variables.attention(step, "bias")]

    return {
        "tri_linear": lambda: linear([hh, uu, hh * uu])[..., 0],
        "linear": lambda: linear([hh, uu])[..., 0],
        "mul_linear": lambda: linear([hh * uu])[..., 0],
        "double": lambda: linear([np.tanh(linear([hh, uu]))], "second")[..., 0],
        "proj": lambda: (linear([uu], "proj") * hh).sum(axis=2),
        "dot": lambda: (hh * uu).sum(axis=2),
        "sum": lambda: hh.sum(axis=2) + uu.sum(axis=2),
    }[kind]()


def network(options, w, context, context_chars, question, question_chars):
    """Scores of start and stop, and the attention, of one question."""
    sides = []
    for ids, chars in ((context, context_chars), (question, question_chars)):
        parts = [characters(w, chars, options.char_heights)] if options.use_chars else []
        parts += [words(w, ids)] if options.use_words else []
        sides.append(highway(w, np.concatenate(parts, axis=1), options.highway_layers))
    h = bilstm(w, variables.encoders(options)[0], sides[0])
    u = bilstm(w, "u1", sides[1])
    scores = attention_scores(w, options.logits, h, u)
    attention = softmax(scores)
    u_a = attention @ u if options.c2q else np.broadcast_to(u.mean(axis=0), h.shape)
    h_a = softmax(scores.max(axis=1)) @ h
    mixed = np.concatenate([h, u_a, h * u_a] + [h * h_a] * options.q2c, axis=1)
    g1 = bilstm(w, "g1", bilstm(w, "g0", mixed))

    def ends(which, read):
        kernel, bias = w[variables.answer(which)], w[variables.answer(which, "bias")]
        return (np.concatenate([read, mixed], axis=1) @ kernel + bias)[:, 0]

    start = ends(1, g1)
    a = np.broadcast_to(softmax(start) @ g1, g1.shape)
    stop = ends(2, bilstm(w, "g2", np.concatenate([mixed, g1, a, g1 * a], axis=1)))
    if options.no_answer:
        start, stop = (np.concatenate([[w[variables.NO_ANSWER]], each]) for each in (start, stop))
    return start, stop, attention
