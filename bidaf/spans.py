"""From the probabilities of an answer's ends to the answer."""

import numpy as np


def probabilities(scores):
    """Softmax over the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def best(starts, stops, sentence):
    """The best span of one question whose two ends lie in one sentence.

    For models m the largest ``sum_m starts[m, i] * stops[m, j]`` with ``i <= j`` wins, of equal ones the earliest j
    and then the earliest i: with one model the original's rule, with several that of its ensemble. The last word of a
    context can end an answer; the original returned an empty one there.

    Args:
      starts, stops: probabilities of the first and the last word, ``[models, T]``.
      sentence: the number of each word's sentence, ``[T]``.

    Returns:
      First word, last word (inclusive), and the mean over the models of the product.

    >>> best(np.array([[0.1, 0.6, 0.3]]), np.array([[0.5, 0.2, 0.3]]), np.zeros(3, int))
    (1, 2, 0.18)
    """
    products = stops.T @ starts  # [last, first], so that the first of equal ones is the one with the earliest end
    allowed = np.tri(len(sentence), dtype=bool) & (sentence[:, np.newaxis] == sentence)
    last, first = divmod(int(np.argmax(np.where(allowed, products, -1.0))), len(sentence))
    return first, last, float(products[last, first]) / len(starts)
