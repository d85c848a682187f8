"""What TensorBoard reads: scalars over steps, and the graph.

Events are written where they arise. TensorFlow's FileWriter writes them in a thread, which loses what a full disk
refuses, or ends in a traceback that nobody can catch.
"""

import os
import socket
import time

from sparse_rnn.compat import reason, tf
from sparse_rnn.errors import UserError


class Events:
    """A new event file in a folder; those of earlier processes stay beside it and are shown as one.

    Args:
      folder: where it goes.
      graph: the graph to show.

    Raises:
      UserError: from every method, where the file cannot be written.
    """

    def __init__(self, folder, graph):
        name = "events.out.tfevents.{:010d}.{}.{}".format(int(time.time()), socket.gethostname(), os.getpid())
        self._path = os.path.join(folder, name)
        try:
            self._writer = tf.python_io.TFRecordWriter(self._path)
        except tf.errors.OpError as error:
            raise self._refusal(error) from error
        self._write(file_version="brain.Event:2")
        self._write(graph_def=graph.as_graph_def(add_shapes=True).SerializeToString())

    def goes_on_after(self, step):
        """Say that a run goes on after ``step``: later points of earlier processes are no longer shown."""
        self._write(step=step + 1, session_log=tf.SessionLog(status=tf.SessionLog.START))

    def scalars(self, values, step):
        """Write ``{tag: number}`` at ``step``."""
        points = [tf.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._write(step=step, summary=tf.Summary(value=points))

    def _write(self, **what):
        try:
            self._writer.write(tf.Event(wall_time=time.time(), **what).SerializeToString())
            self._writer.flush()
        except tf.errors.OpError as error:
            raise self._refusal(error) from error

    def _refusal(self, error):
        return UserError("{}: cannot be written: {}.".format(self._path, reason(error)))
