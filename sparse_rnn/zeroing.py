"""Zeroing of small weights right after the update (paper, section 3: stabilises sparsity).

Group Lasso brings weights near zero but rarely to it. After every update each weight with
``|w| < threshold`` is set to 0, in the same run of the train op and ordered after the update, so that no
weight ever rests in (0, threshold) and evaluation never has to touch one.
"""

from sparse_rnn.blocks import row_blocks
from sparse_rnn.compat import static_shape, tf


def small(variables, threshold):
    """An operation that sets every element with ``|w| < threshold`` of ``variables`` to exactly 0."""
    return tf.group(*[_zero_small(variable, threshold) for variable in variables])


def after(train_op, variables, threshold):
    """A train operation that runs ``train_op`` and then zeroes small weights.

    Args:
      train_op: the operation that updates the variables.
      variables: what to zero; every variable may take part, penalised or not.
      threshold: elements with absolute value strictly below it become 0.

    Returns:
      An operation to run in place of ``train_op``.
    """
    with tf.control_dependencies([train_op]):
        return small(variables, threshold)


def _zero_small(variable, threshold):
    value = variable.read_value()
    is_small = [tf.abs(value[start:stop]) < threshold for start, stop in row_blocks(static_shape(variable))]
    is_small = tf.concat(is_small, axis=0) if is_small else tf.abs(value) < threshold
    # A scalar zero, in place of a matrix of them, is a pass through memory less. Blocks are compared one by one for the
    # same reason, but written all at once: a variable that is written in parts is copied at every later read.
    return tf.assign(variable, tf.where_v2(is_small, tf.zeros([], value.dtype), value)).op
