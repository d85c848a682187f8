"""Bi-directional attention flow (Seo et al., 2017): from a context and a question to the scores of an answer's ends.

Words and their spelling go through a highway and an encoder; attention mixes context and question; two modelling layers
and an output layer read the mixture; linear scores say where the answer begins and ends.
"""

import collections
import math

import numpy as np

from bidaf import attention, layers, variables
from sparse_rnn.compat import tf
from sparse_rnn.training import initial

Inputs = collections.namedtuple(
    "Inputs",
    [
        "context",
        "context_chars",
        "context_length",
        "question",
        "question_chars",
        "question_length",
        "start",
        "stop",
        "answerable",
    ],
)
Inputs.__doc__ = """What a batch of N questions feeds, all int32.

Attributes:
  context, question: words ``[N, T]`` and ``[N, J]``.
  context_chars, question_chars: their characters ``[N, T, W]`` and ``[N, J, W]``.
  context_length, question_length: ``[N]``.
  start, stop: the answer's first and last word ``[N]``, counted from 0; 0 where the context does not hold it.
  answerable: ``[N]``, 1 where the context holds the answer, else 0.
"""

Outputs = collections.namedtuple("Outputs", ["start", "stop", "attention"])
Outputs.__doc__ = """Scores and attention.

Attributes:
  start, stop: scores of the answer's first and last word, ``[N, T]``; with ``no_answer`` ``[N, 1 + T]``, the first
    one standing for "there is none".
  attention: of each context word over the question, ``[N, T, J]``; None where the model has none.
"""

#: Each dropout mask of one tower has a place of its own.
PLACES = (
    "context_chars",
    "question_chars",
    "question",
    "g0",
    "g1",
    "g2",
    "logits1",
    "logits1_mixture",
    "logits2",
    "logits2_mixture",
)


def placeholders():
    """The Inputs of any number of questions of any length."""
    shapes = {"context_length": [None], "question_length": [None], "start": [None], "stop": [None]}
    shapes.update(context=[None, None], question=[None, None], answerable=[None])
    shapes.update(context_chars=[None, None, None], question_chars=[None, None, None])
    return Inputs(*(tf.placeholder(tf.int32, shapes[name], name) for name in Inputs._fields))


def weights(options, counts, seed=0):
    """Create the variables in the default graph: ``{name: variable}``.

    Matrices begin uniform as Glorot and Bengio (2010) say, as a function of the seed and the variable's name; biases at
    0. Word vectors begin at 0 as well: whoever begins a run loads those that were prepared.

    Args:
      options: the model section of the config.
      counts: a :class:`bidaf.variables.Counts`.
      seed: of the experiment.
    """
    return {
        name: tf.get_variable(
            name,
            shape,
            tf.float32,
            _initializer(name, shape, seed),
            trainable=name != variables.GLOVE or options.train_word_vectors,
            use_resource=True,
        )
        for name, shape in variables.shapes(options, counts).items()
    }


def _initializer(name, shape, seed):
    if len(shape) < 2 or name in (variables.WORD_EMBEDDING, variables.GLOVE):
        return tf.zeros_initializer()
    fan = float(np.prod(shape[:-2])) * (shape[-2] + shape[-1])
    return initial.uniform(name, math.sqrt(6.0 / fan), seed)


def network(options, model_weights, inputs, dropout=None):
    """The scores of the answer's ends.

    Args:
      options: the model section of the config.
      model_weights: ``{variable name: tensor}``.
      inputs: the Inputs.
      dropout: function (tensor, one of PLACES) -> tensor; None outside training.

    Returns:
      The Outputs.
    """
    dropout = dropout or (lambda tensor, place: tensor)
    context_mask = layers.mask(inputs.context_length, tf.shape(inputs.context)[1])
    context, question = (_features(options, model_weights, inputs, side, dropout) for side in ("context", "question"))
    # As in the original, the question's words are dropped here and the context's are not.
    h = layers.bidirectional(context, inputs.context_length, model_weights, variables.encoders(options)[0])
    u = layers.bidirectional(dropout(question, "question"), inputs.question_length, model_weights, variables.ENCODER)
    mixed, attended = _mixture(options, model_weights, inputs, h, u, context_mask)

    def layer(name, read):
        return layers.bidirectional(dropout(read, name), inputs.context_length, model_weights, name)

    def ends(which, read):
        place = "logits{}".format(which)
        names = variables.answer(which), variables.answer(which, variables.BIAS)
        parts = dropout(read, place), dropout(mixed, place + "_mixture")
        return tf.transpose(layers.scores(parts, model_weights, *names)) + context_mask

    g1 = layer("g1", layer("g0", mixed))
    start = ends(1, g1)
    summary = tf.reduce_sum(tf.transpose(tf.nn.softmax(start))[:, :, tf.newaxis] * g1, axis=0, keepdims=True)
    summary = tf.tile(summary, [tf.shape(g1)[0], 1, 1])
    stop = ends(2, layer("g2", tf.concat([mixed, g1, summary, g1 * summary], axis=2)))
    if options.no_answer:
        start, stop = (_with_no_answer(each, model_weights[variables.NO_ANSWER]) for each in (start, stop))
    return Outputs(start, stop, attended)


def _features(options, model_weights, inputs, side, dropout):
    """What is known of each word before it is read in its place, ``[T, N, width]``."""
    parts = []
    if options.use_chars:
        ids = tf.transpose(getattr(inputs, side + "_chars"), [1, 0, 2])
        place = side + "_chars"
        parts.append(layers.characters(ids, model_weights, options.char_heights, lambda tensor: dropout(tensor, place)))
    if options.use_words:
        parts.append(layers.words(tf.transpose(getattr(inputs, side)), model_weights))
    return layers.highway(tf.concat(parts, axis=2), model_weights, options.highway_layers)


def _mixture(options, model_weights, inputs, h, u, context_mask):
    """``[h, u_a, h * u_a, h * h_a]`` at every word of the context, and the attention that u_a comes from."""
    of_context, of_question = (tf.transpose(each, [1, 0, 2]) for each in (h, u))
    question_mask = layers.mask(inputs.question_length, tf.shape(inputs.question)[1])
    u_a, h_a, attended = attention.attend(
        options.logits, of_context, of_question, context_mask, question_mask, model_weights
    )
    u_a = tf.transpose(u_a, [1, 0, 2])
    if not options.c2q:
        # Every context word sees the mean of the question; beyond its length u is 0.
        mean = tf.reduce_sum(u, axis=0) / tf.cast(inputs.question_length, u.dtype)[:, tf.newaxis]
        u_a, attended = tf.tile(mean[tf.newaxis], [tf.shape(h)[0], 1, 1]), None
    parts = [h, u_a, h * u_a] + [h * h_a[tf.newaxis]] * options.q2c
    return tf.concat(parts, axis=2), attended


def _with_no_answer(scores, bias):
    return tf.concat([tf.fill([tf.shape(scores)[0], 1], bias), scores], axis=1)


def losses(options, outputs, inputs):
    """``-ln p(start) - ln p(stop)`` of each question, ``[N]``.

    A question that the context does not answer costs nothing; with ``no_answer`` its answer is that there is none.
    """
    found = []
    for scores, place in ((outputs.start, inputs.start), (outputs.stop, inputs.stop)):
        if options.no_answer:
            place = (place + 1) * inputs.answerable
        found.append(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=place, logits=scores))
    total = tf.add_n(found)
    return total if options.no_answer else total * tf.cast(inputs.answerable, total.dtype)


def training_cost(options, model_weights, inputs, dropouts, devices):
    """The mean of :func:`losses` over a batch that towers share out among themselves.

    Args:
      options: the model section of the config.
      model_weights: ``{variable name: variable}``.
      inputs: the Inputs of the whole batch; its size need not be a multiple of the number of towers.
      dropouts: a function (tensor, place) for each tower, or None.
      devices: a device for each tower.

    Returns:
      Scalar. Its gradient is that of the whole batch in one tower.
    """
    number = tf.shape(inputs.context)[0]
    costs = []
    for tower, (device, dropout) in enumerate(zip(devices, dropouts)):
        first, last = (number * each // len(devices) for each in (tower, tower + 1))
        with tf.device(device), tf.name_scope("tower_{}".format(tower)):
            # A tower without a question reads one all the same, for not every kernel takes an empty batch.
            mine = Inputs(*(each[first : tf.maximum(last, first + 1)] for each in inputs))
            found = losses(options, network(options, model_weights, mine, dropout), mine)
            costs.append(tf.reduce_sum(found[: last - first]))
    return tf.add_n(costs) / tf.cast(number, tf.float32)


def feed(inputs, batch):
    """The feed dictionary of a batch whose attributes are called as those of the Inputs."""
    return {getattr(inputs, name): getattr(batch, name) for name in Inputs._fields}
