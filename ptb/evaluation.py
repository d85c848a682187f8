"""Perplexity of a text under given weights; evaluation never changes a weight.

Two styles: ``batched`` runs through the text as training does, batch and steps included, and drops what fills no
step; ``full`` reads it as one stream and predicts every word but the first, in long segments that carry the state on.
"""

import math

from ptb import model, variables
from sparse_rnn.compat import session_config, tf
from sparse_rnn.training import text

STYLES = ("batched", "full")
#: Words per run of the graph in the ``full`` style; any number gives the same perplexity.
SEGMENT = 500


class Evaluation:
    """The model's graph without dropout, in the default graph.

    Args:
      options: the model section of the config.
      model_weights: the Weights.
      batch_size: sequences side by side.
      num_steps: words per run and sequence, None for any number.
      scope: begins the names of the variables that carry the state; they are local to the session.

    Attributes:
      words, targets: placeholders ``[batch_size, num_steps]``.
      logits: ``[num_steps * batch_size, V]``, from a state that is carried on by ``advance``.
      advance: operation that carries the state on.
    """

    def __init__(self, options, model_weights, batch_size, num_steps, scope):
        self.words = tf.placeholder(tf.int32, [batch_size, num_steps])
        self.targets = tf.placeholder(tf.int32, [batch_size, num_steps])
        carried = model.carried_state(options, batch_size, scope, tf.GraphKeys.LOCAL_VARIABLES)
        values = [model.LSTMState(*(variable.read_value() for variable in state)) for state in carried]
        self.logits, last = model.logits(self.words, values, model_weights, options.forget_bias)
        self._loss = model.negative_log_likelihood(self.logits, self.targets)
        pairs = [pair for old, new in zip(carried, last) for pair in zip(old, new)]
        with tf.control_dependencies([self._loss]):
            self.advance = tf.group(*[tf.assign(variable, value).op for variable, value in pairs])
        self._begin = tf.group(*[variable.initializer for variable, _ in pairs])

    def perplexity(self, session, batches):
        """``exp`` of the mean negative log likelihood per word over ``batches`` of (words, targets)."""
        session.run(self._begin)
        total, count = 0.0, 0
        for words, targets in batches:
            loss, _ = session.run([self._loss, self.advance], self.feed(words, targets))
            total += float(loss)
            count += targets.size
        return math.exp(min(total / count, 700.0))

    def scores(self, session, batches):
        """Yield the logits of each of ``batches``, state carried on from one to the next."""
        session.run(self._begin)
        for words, targets in batches:
            values, _ = session.run([self.logits, self.advance], self.feed(words, targets))
            yield values

    def feed(self, words, targets):
        """The feed dictionary of one batch."""
        return {self.words: words, self.targets: targets}


def batches_of(ids, style, train, what):
    """The batches of a text in one of :data:`STYLES`; ``train`` is the config's section with batch and steps."""
    if style == "full":
        return text.full_stream(ids, SEGMENT)
    return text.batch_view(ids, train.batch_size, train.num_steps, what)


def build(options, train, model_weights, style, scope):
    """The Evaluation for one style."""
    if style == "full":
        return Evaluation(options, model_weights, 1, None, scope)
    return Evaluation(options, model_weights, train.batch_size, train.num_steps, scope)


class LoadedModel:
    """A model with its weights in a graph and a session of its own, to be evaluated in any style.

    Args:
      options: the model section of the config.
      train: the train section, for the ``batched`` style.
      arrays: ``{variable name: array}`` of every trainable variable.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.
    """

    def __init__(self, options, train, arrays, device=None):
        self._options, self._train, self._built = options, train, {}
        self._graph, self._device = tf.Graph(), device
        with self._graph.as_default(), tf.device(device):
            vocabulary_size = arrays[variables.EMBEDDING].shape[0]
            self._weights = model.weights(options, vocabulary_size)
            self.session = tf.Session(config=session_config())
            for variable in tf.trainable_variables():
                variable.load(arrays[variable.op.name], self.session)

    def evaluation(self, style):
        """The Evaluation in one style, built on first use."""
        if style not in self._built:
            with self._graph.as_default(), tf.device(self._device):
                self._built[style] = build(self._options, self._train, self._weights, style, style.capitalize())
                self.session.run(tf.local_variables_initializer())
        return self._built[style]

    def perplexity(self, ids, style, what):
        """Perplexity of the text ``ids``; ``what`` names it in errors ("test")."""
        return self.evaluation(style).perplexity(self.session, batches_of(ids, style, self._train, what))
