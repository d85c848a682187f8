"""A Task in a graph and a session of its own, with the checkpoints that hold its variables."""

from sparse_rnn.compat import session_config, static_shapes, tf, variables_by_name
from sparse_rnn.training.loaded import assign
from sparse_rnn.training.saving import Savers


class Built:
    """What is built once, and again whenever the model's sizes change.

    Args:
      build: makes the Task in the default graph.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.

    Attributes:
      graph: the graph.
      task: the Task.
      session: in which the variables are, once :meth:`begin` was called.
      savers: the Savers of its variables, from then on.
    """

    def __init__(self, build, device):
        self.graph, self.session, self.savers = tf.Graph(), None, None
        with self.graph.as_default(), tf.device(device):
            self.task = build()

    def begin(self, run):
        """Give every variable its first value."""
        with self.graph.as_default():
            self.session = tf.Session(config=session_config())
            self.savers = Savers(run, self.session)
            self.session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])

    def load(self, arrays):
        """Give variables the values of ``{name: array}``; those that are not named keep theirs."""
        assign(self.session, self._variables(tf.GraphKeys.GLOBAL_VARIABLES), arrays)

    def load_at_once(self, arrays):
        """As :meth:`load`, of variables that begin from tensors of their own: an interruption changes all or none."""
        by_name = self._variables(tf.GraphKeys.GLOBAL_VARIABLES)
        begins = [by_name[name].initializer for name in arrays]
        self.session.run(begins, {begin.inputs[1]: value for begin, value in zip(begins, arrays.values())})

    def arrays(self, names=None):
        """The values of all variables that a checkpoint holds, or of those of ``names``: ``{name: array}``."""
        by_name = self._variables(tf.GraphKeys.GLOBAL_VARIABLES)
        return self.session.run(by_name if names is None else {name: by_name[name] for name in names})

    def weights(self):
        """The values of the trainable variables: ``{name: array}``."""
        return self.session.run(self._variables(tf.GraphKeys.TRAINABLE_VARIABLES))

    def steps_done(self):
        """Number of updates so far."""
        return int(self.session.run(self.task.step.global_step))

    def loss(self, steps):
        """Mean training loss over the ``steps`` steps that the running epoch has had."""
        return self.session.run(self.task.step.totals["cost"]) * self.task.loss_per_cost / steps

    def shapes(self):
        """``{name: shape}`` of the trainable variables."""
        return static_shapes(self._variables(tf.GraphKeys.TRAINABLE_VARIABLES))

    def sizes(self):
        """``{group: units}`` of the model as it is built."""
        return {group.name: group.size for group in self.task.structure}

    def close(self):
        """Give the memory of the session and of the task back."""
        self.task.close()
        if self.session is not None:
            self.session.close()

    def _variables(self, collection):
        return variables_by_name(self.graph.get_collection(collection))
