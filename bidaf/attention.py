"""Attention in both directions between the context and the question (Seo et al., 2017, section 2.4).

A score says how much context word t and question word j have to do with each other. The original forms its features
for all pairs, ``[N, T, J, 6d]``; here each score is a sum of products that never holds more than ``[N, T, J]`` (with
``double``, ``[N, T, J, d]``).
"""

from bidaf import layers, variables
from bidaf.variables import BIAS
from sparse_rnn.compat import static_shape, tf

#: What the score may be. h and u are one context word and one question word, ; is "side by side", w a learnt vector.
#: tri_linear w.[h; u; h*u], linear w.[h; u], mul_linear w.(h*u), double w.tanh([h; u] W + b), proj (u W + b).h,
#: dot h.u, sum: all features of both added up.
LOGITS = ("tri_linear", "linear", "mul_linear", "double", "proj", "dot", "sum")


def pair_scores(kind, h, u, weights):
    """The score of every pair: ``[N, T, J]`` of ``h [N, T, w]`` and ``u [N, J, w]``; ``kind`` is one of LOGITS."""
    return _SCORES[kind](h, u, weights)


def attend(kind, h, u, context_mask, question_mask, weights):
    """What each side attends to.

    Args:
      kind: one of LOGITS.
      h, u: ``[N, T, w]`` and ``[N, J, w]``.
      context_mask, question_mask: ``[N, T]`` and ``[N, J]``, see :func:`bidaf.layers.mask`.
      weights: the mapping ``{variable name: tensor}``.

    Returns:
      ``u_a [N, T, w]``, the question as each context word sees it; ``h_a [N, w]``, the context words that matter most
      to any question word; and the attention ``[N, T, J]`` that u_a is weighted with.
    """
    score = pair_scores(kind, h, u, weights) + question_mask[:, tf.newaxis, :]
    attention = tf.nn.softmax(score)
    best = tf.nn.softmax(tf.reduce_max(score, axis=2) + context_mask)
    return tf.matmul(attention, u), tf.squeeze(tf.matmul(best[:, tf.newaxis, :], h), 1), attention


def _tri_linear(h, u, weights):
    of_h, of_u, of_both = layers.rows(weights[variables.attention("first")], (h, u, h))
    return _apart(h, u, of_h, of_u) + _together(h * tf.squeeze(of_both, 1), u) + _shift(weights)


def _linear(h, u, weights):
    return _apart(h, u, *layers.rows(weights[variables.attention("first")], (h, u))) + _shift(weights)


def _mul_linear(h, u, weights):
    return _together(h * tf.squeeze(weights[variables.attention("first")], 1), u) + _shift(weights)


def _double(h, u, weights):
    of_h, of_u = layers.rows(weights[variables.attention("first")], (h, u))
    hidden = tf.tanh(
        _times(h, of_h)[:, :, tf.newaxis] + _times(u, of_u)[:, tf.newaxis] + weights[variables.attention("first", BIAS)]
    )
    column = tf.squeeze(weights[variables.attention("second")], 1)
    return tf.reduce_sum(hidden * column, axis=3) + weights[variables.attention("second", BIAS)]


def _proj(h, u, weights):
    projected = _times(u, weights[variables.attention("proj")]) + weights[variables.attention("proj", BIAS)]
    return _together(h, projected)


def _dot(h, u, weights):
    return _together(h, u)


def _sum(h, u, weights):
    return tf.reduce_sum(h, axis=2)[:, :, tf.newaxis] + tf.reduce_sum(u, axis=2)[:, tf.newaxis]


_SCORES = dict(zip(LOGITS, (_tri_linear, _linear, _mul_linear, _double, _proj, _dot, _sum)))


def _apart(h, u, of_h, of_u):
    return layers.weighted(h, of_h)[:, :, tf.newaxis] + layers.weighted(u, of_u)[:, tf.newaxis]


def _together(h, u):
    return tf.matmul(h, u, transpose_b=True)


def _times(sequence, matrix):
    inner, outer = static_shape(matrix)
    flat = tf.matmul(tf.reshape(sequence, [-1, inner]), matrix)
    return tf.reshape(flat, tf.concat([tf.shape(sequence)[:2], [outer]], axis=0))


def _shift(weights):
    """The score's bias. Being the same for all pairs it changes no probability; the original has it."""
    return weights[variables.attention("first", BIAS)]
