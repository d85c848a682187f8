"""The recurrent highway network of Zilly et al. (2017) as a language model, as graph and as structure.

Embedding, highway layers of any widths, softmax, which may share the embedding's matrix. Variables carry the names
that the original code gives them.
"""

import collections

from rhns import noise, variables
from sparse_rnn import iss
from sparse_rnn.compat import static_shape, tf
from sparse_rnn.rhn import project, rhn, rhn_of_projected
from sparse_rnn.training import initial

STATE = "{}/state/rhn_{}"

Weights = collections.namedtuple("Weights", ["embedding", "h", "t", "softmax_w", "softmax_b"])
Weights.__doc__ = """The model's variables.

``h`` and ``t`` hold for each layer a list of (matrix, bias), one for each cell; ``softmax_w`` is None in a tied model.
"""


def structure(options, vocabulary_size):
    """The model's units: ``rhn_0``, ``rhn_1``, ... and, if untied, ``embedding``.

    The carried states of training are among their slices; those of evaluation are in no checkpoint.

    In a tied model column k of the embedding is unit k of the last layer on its way out and input k of the first layer.

    Args:
      options: the model section of the config.
      vocabulary_size: number of words or characters.
    """
    last = len(options.hidden_sizes) - 1
    width = variables.embedding_size(options, vocabulary_size)
    groups = []
    for layer, units in enumerate(options.hidden_sizes):
        readers = _readers(layer + 1) if layer < last else [iss.Consumer(variables.SOFTMAX_W)]
        if layer == last and options.tied:
            readers = [iss.Consumer(variables.EMBEDDING, axis=1)] + _readers(0)
        h, t = (
            [(variables.matrix(layer, kind, cell), variables.bias(layer, kind, cell)) for cell in range(options.depth)]
            for kind in "ht"
        )
        groups.append(
            iss.rhn_units(variables.group(layer), h, t, width, units, readers, [STATE.format("Train", layer)])
        )
        width = units
    if not options.tied:
        width = variables.embedding_size(options, vocabulary_size)
        groups.append(iss.input_units(variables.EMBEDDING_GROUP, variables.EMBEDDING, width, _readers(0)))
    return groups


def _readers(layer):
    """What reads the inputs of a layer."""
    return [iss.Consumer(variables.matrix(layer, kind, 0)) for kind in "ht"]


def weights(options, vocabulary_size, seed=0):
    """Create the trainable variables in the default graph.

    All begin uniform in [-init_scale, init_scale) as a function of the seed and the variable's name, but for the biases
    of t, which begin at ``init_bias``: below 0 a new network carries its state on.
    """
    made = {}
    for name, shape in variables.shapes(options, vocabulary_size).items():
        begins = initial.uniform(name, options.init_scale, seed)
        if name.endswith("/Bias") and "/t_" in name:
            begins = tf.constant_initializer(options.init_bias)
        made[name] = tf.get_variable(name, shape, tf.float32, begins, use_resource=True)
    h, t = (
        [
            [
                (made[variables.matrix(layer, kind, cell)], made[variables.bias(layer, kind, cell)])
                for cell in range(options.depth)
            ]
            for layer in range(len(options.hidden_sizes))
        ]
        for kind in "ht"
    )
    return Weights(made[variables.EMBEDDING], h, t, made.get(variables.SOFTMAX_W), made[variables.SOFTMAX_B])


def state_sizes(options):
    """The units of each state: one number per layer."""
    return list(options.hidden_sizes)


def carried_state(options, batch_size, scope, collection):
    """A variable ``[batch_size, n]`` for each layer, zero at first."""
    return [
        tf.get_variable(
            STATE.format(scope, layer),
            [batch_size, units],
            initializer=tf.zeros_initializer(),
            trainable=False,
            use_resource=True,
            collections=[collection],
        )
        for layer, units in enumerate(state_sizes(options))
    ]


def logits(words, state, model_weights, options, masks=None):
    """The scores of the next word at every position.

    Args:
      words: ``[B, T]`` integers.
      state: one ``[B, n]`` for each layer.
      model_weights: the Weights.
      options: the model section of the config.
      masks: the :class:`rhns.noise.Masks`; None outside training.

    Returns:
      ``(logits [T * B, V]`` in the order of time, last state of each layer).
    """
    masks = masks or noise.nothing(options)
    inputs = tf.nn.embedding_lookup(model_weights.embedding, tf.transpose(words))
    if masks.words is not None:
        inputs = inputs * tf.transpose(masks.words)[:, :, tf.newaxis]
    first = rhn(inputs, model_weights.h[0], model_weights.t[0], state[0], masks.inputs[0], masks.states[0])
    return _above(first, state, model_weights, options, masks)


def project_words(words, model_weights, options):
    """What each of ``words [N]`` gives to the first cell's gates ``[N, 2n]``, outside training."""
    return project(tf.nn.embedding_lookup(model_weights.embedding, words), model_weights.h[0], model_weights.t[0])


def logits_of_projected(projected, words, state, model_weights, options):
    """What :func:`logits` returns outside training, of words that are rows of :func:`project_words`'s ``[N, 2n]``."""
    first = rhn_of_projected(projected, tf.transpose(words), model_weights.h[0], model_weights.t[0], state[0])
    return _above(first, state, model_weights, options, noise.nothing(options))


def _above(first, state, model_weights, options, masks):
    """The logits and the last state of each layer, of what the first layer returned."""
    outputs, after = first
    last = [after]
    for layer in range(1, len(state)):
        h, t = model_weights.h[layer], model_weights.t[layer]
        outputs, after = rhn(outputs, h, t, state[layer], masks.inputs[layer], masks.states[layer])
        last.append(after)
    if masks.outputs is not None:
        outputs = outputs * masks.outputs
    flat = tf.reshape(outputs, [-1, static_shape(outputs)[2]])
    if options.tied:
        return tf.matmul(flat, model_weights.embedding, transpose_b=True) + model_weights.softmax_b, last
    return tf.matmul(flat, model_weights.softmax_w) + model_weights.softmax_b, last
