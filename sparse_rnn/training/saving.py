"""The checkpoints of a run: the newest, to go on from, and the best."""

import os

from sparse_rnn import checkpoints
from sparse_rnn.compat import reason, tf
from sparse_rnn.errors import UserError
from sparse_rnn.training.run_directory import BEST


class Savers:
    """Saves and restores all variables of the default graph.

    Args:
      run: the RunDirectory.
      session: in which the variables are.
    """

    def __init__(self, run, session):
        self._run, self._session = run, session
        # A saver that removes old checkpoints goes by a list of its own, which an interruption leaves half done.
        self._saver = tf.train.Saver(max_to_keep=None, save_relative_paths=True)

    def restore(self):
        """Go on from the newest checkpoint, where there is one; returns whether there is.

        Raises:
          UserError: it is damaged or of another model.
        """
        if not os.path.exists(self._run.file("checkpoint")):
            return False
        prefix = checkpoints.find(self._run.path)
        try:
            with self._session.graph.as_default():
                self._saver.restore(self._session, prefix)
        except (tf.errors.OpError, ValueError) as error:
            raise UserError(
                "checkpoint '{}' is damaged or not of this run: {}; put a copy of it back, or choose another "
                "--save_path.".format(prefix, reason(error))
            ) from error
        return True

    def save(self, step):
        """Write the newest checkpoint; returns its prefix."""
        return self._write(self._run.path, step)

    def save_best(self, step):
        """Write the best checkpoint."""
        self._write(self._run.file(BEST), step)

    def _write(self, folder, step):
        with self._session.graph.as_default():  # outside a graph, TensorFlow 2 takes a Saver for an eager one
            prefix = checkpoints.save(self._saver, self._session, folder, step)
        checkpoints.remove_others(prefix)
        return prefix
