"""A trained model with its weights in a graph and a session of its own."""

from sparse_rnn.compat import session_config, tf, variables_by_name


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
            by_name = variables_by_name()
            assign(self.session, by_name, {name: arrays[name] for name in by_name})

    def built(self, key, build):
        """What ``build(weights)`` makes in the model's graph, made once for each ``key``."""
        if key not in self._built:
            with self._graph.as_default(), tf.device(self._device):
                self._built[key] = build(self._weights)
                self.session.run(tf.local_variables_initializer())
        return self._built[key]


def assign(session, variables, arrays):
    """Give variables values, in as few runs of the session as can be.

    Args:
      session: in which they are.
      variables: ``{name: variable}``.
      arrays: ``{name: array}``; variables that are not named keep their values.
    """
    waiting = [name for name in variables if name in arrays]
    while waiting:
        feed, names = {}, []
        for name in waiting:
            # The initial value is fed, so no operation is added to the graph. A variable and its moving average begin
            # from the same tensor, which can be fed once in a run.
            place = variables[name].initializer.inputs[1].name
            if place not in feed:
                feed[place] = arrays[name]
                names.append(name)
        session.run([variables[name].initializer for name in names], feed)
        waiting = [name for name in waiting if name not in names]
