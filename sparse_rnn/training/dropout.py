"""Dropout whose masks are a function of seed, step and place, so that a resumed run draws the same ones."""

from sparse_rnn.compat import tf


def by_step(keep_prob, seed, step):
    """A dropout function for one training step.

    Args:
      keep_prob: probability that an element is kept; kept ones are scaled by ``1 / keep_prob``.
      seed: of the experiment.
      step: scalar integer tensor, the number of updates so far.

    Returns:
      A function (tensor, place) -> tensor; ``place`` is a number that tells the model's masks apart.
      None where ``keep_prob`` is 1.
    """
    if keep_prob >= 1.0:
        return None

    def dropout(tensor, place):
        dropped = tensor * mask(tf.shape(tensor), keep_prob, seed, step, place, tensor.dtype)
        dropped.set_shape(tensor.shape)
        return dropped

    return dropout


def mask(shape, keep_prob, seed, step, place, dtype="float32"):
    """A mask of ``shape``: ``1 / keep_prob`` with probability ``keep_prob``, else 0; see :func:`by_step`."""
    seeds = tf.stack([tf.cast(step, tf.int64), tf.constant(seed * 1000 + place, tf.int64)])
    uniform = tf.random.stateless_uniform(shape, seeds, dtype=dtype)
    return tf.cast(uniform < keep_prob, dtype) / keep_prob
