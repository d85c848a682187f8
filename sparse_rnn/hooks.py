"""Zeroing of small weights for loops that are not ours: TensorFlow's own session hooks."""

from sparse_rnn import zeroing
from sparse_rnn.compat import tf


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
            self._zero_op = zeroing.small(variables, self._threshold)

    def after_create_session(self, session, coord):
        session.run(self._zero_op)  # loops save their first checkpoint before the first run

    def after_run(self, run_context, run_values):
        run_context.session.run(self._zero_op)

    def before_save(self, session, global_step_value):
        session.run(self._zero_op)

    def end(self, session, global_step_value=None):
        session.run(self._zero_op)
