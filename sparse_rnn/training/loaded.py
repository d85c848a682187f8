"""A trained model with its weights in a graph and a session of its own."""

from sparse_rnn.compat import session_config, tf


class LoadedModel:
    """Weights that never change, and what is built on them when it is first needed.

    Args:
      make_weights: makes the trainable variables in the default graph; what it returns goes to the builders.
      arrays: ``{variable name: array}`` of every trainable variable.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.

    Attributes:
      session: in which the weights are; whoever made the model closes it.
    """

    def __init__(self, make_weights, arrays, device=None):
        self._graph, self._device, self._built = tf.Graph(), device, {}
        with self._graph.as_default(), tf.device(device):
            self._weights = make_weights()
            self.session = tf.Session(config=session_config())
            for variable in tf.trainable_variables():
                variable.load(arrays[variable.op.name], self.session)

    def built(self, key, build):
        """What ``build(weights)`` makes in the model's graph, made once for each ``key``."""
        if key not in self._built:
            with self._graph.as_default(), tf.device(self._device):
                self._built[key] = build(self._weights)
                self.session.run(tf.local_variables_initializer())
        return self._built[key]
