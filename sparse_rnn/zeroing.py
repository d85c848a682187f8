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


class ZeroingHook(tf.train.SessionRunHook, tf.train.CheckpointSaverListener):
    """Zeroing for a loop whose train op cannot be changed: at the start, after every run, before every checkpoint.

    It is a session hook and a saving listener in one. Give it to a loop as both, or place it before the
    hook that saves (as ``chief_only_hooks`` are, but ``hooks`` of a MonitoredTrainingSession are not), and no
    checkpoint holds a weight in (0, threshold)::

        hook = ZeroingHook(variables, threshold=1e-4)
        estimator.train(input_fn, hooks=[hook], saving_listeners=[hook])
        tf.train.MonitoredTrainingSession(chief_only_hooks=[hook], checkpoint_dir=...)

    Args:
      variables: what to zero; None for all trainable variables of the graph when the session begins.
      threshold: elements with absolute value strictly below it become 0.
    """

    def __init__(self, variables=None, threshold=1e-4):
        self._variables = variables
        self._threshold = threshold
        self._zero_op = None

    def begin(self):
        if self._zero_op is None or self._zero_op.graph is not tf.get_default_graph():
            variables = tf.trainable_variables() if self._variables is None else self._variables
            self._zero_op = small(variables, self._threshold)

    def after_create_session(self, session, coord):
        session.run(self._zero_op)  # loops save their first checkpoint before the first run

    def after_run(self, run_context, run_values):
        run_context.session.run(self._zero_op)

    def before_save(self, session, global_step_value):
        session.run(self._zero_op)

    def end(self, session, global_step_value=None):
        session.run(self._zero_op)


def _zero_small(variable, threshold):
    value = variable.read_value()
    is_small = [tf.abs(value[start:stop]) < threshold for start, stop in row_blocks(static_shape(variable))]
    is_small = tf.concat(is_small, axis=0) if is_small else tf.abs(value) < threshold
    # A scalar zero, in place of a matrix of them, is a pass through memory less. Blocks are compared one by one for the
    # same reason, but written all at once: a variable that is written in parts is copied at every later read.
    return tf.assign(variable, tf.where_v2(is_small, tf.zeros([], value.dtype), value)).op
