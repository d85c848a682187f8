"""The stacked LSTM language model of Zaremba, Sutskever and Vinyals (2014), as graph and as structure.

Embedding, LSTM layers of any sizes, softmax. Dropout acts on the embedded words and on each layer's output, never on
the recurrent state. Variables carry the names that TensorFlow's own cells give them.
"""

import collections

from ptb import variables
from sparse_rnn import iss
from sparse_rnn.compat import static_shape, tf
from sparse_rnn.lstm import LSTMState, lstm, lstm_of_projected, project
from sparse_rnn.training import initial

STATE = "{}/state/cell_{}/{}"

Weights = collections.namedtuple("Weights", ["embedding", "kernels", "biases", "softmax_w", "softmax_b"])
Weights.__doc__ = "The model's variables; ``kernels`` and ``biases`` hold one per layer."


def structure(options):
    """The model's units: ``lstm_0``, ``lstm_1``, ... and ``embedding``, with the carried states of training.

    Args:
      options: the model section of the config (hidden_sizes, embedding_size).
    """
    sizes = options.hidden_sizes
    inputs = (options.embedding_size,) + tuple(sizes[:-1])
    layers = [
        iss.lstm_units(
            variables.group(layer),
            kernel=variables.kernel(layer),
            bias=variables.bias(layer),
            input_size=inputs[layer],
            units=units,
            consumers=[iss.Consumer(variables.reader_of(layer, len(sizes)))],
            states=state_names(layer),
        )
        for layer, units in enumerate(sizes)
    ]
    embedding = iss.input_units(
        variables.EMBEDDING_GROUP, variables.EMBEDDING, options.embedding_size, [iss.Consumer(variables.kernel(0))]
    )
    return layers + [embedding]


def state_names(layer):
    """Names of the variables that carry c and h of a layer from one training step to the next."""
    return tuple(STATE.format("Train", layer, part) for part in LSTMState._fields)


def weights(options, vocabulary_size, seed=0):
    """Create the trainable variables in the default graph.

    All begin uniform in [-init_scale, init_scale) as a function of the seed and the variable's name; the LSTM
    biases begin at 0.
    """
    made = {}
    for name, shape in variables.shapes(options, vocabulary_size).items():
        begins = tf.zeros_initializer() if name.endswith("/bias") else initial.uniform(name, options.init_scale, seed)
        made[name] = tf.get_variable(name, shape, tf.float32, begins, use_resource=True)
    layers = range(len(options.hidden_sizes))
    return Weights(
        made[variables.EMBEDDING],
        [made[variables.kernel(layer)] for layer in layers],
        [made[variables.bias(layer)] for layer in layers],
        made[variables.SOFTMAX_W],
        made[variables.SOFTMAX_B],
    )


def state_sizes(options):
    """The units of each state: one LSTMState of numbers per layer."""
    return [LSTMState(units, units) for units in options.hidden_sizes]


def carried_state(options, batch_size, scope, collection):
    """One LSTMState of variables ``[batch_size, n]`` per layer, zero at first."""
    return [
        LSTMState(
            *(
                tf.get_variable(
                    STATE.format(scope, layer, part),
                    [batch_size, units],
                    initializer=tf.zeros_initializer(),
                    trainable=False,
                    use_resource=True,
                    collections=[collection],
                )
                for part, units in zip(LSTMState._fields, sizes)
            )
        )
        for layer, sizes in enumerate(state_sizes(options))
    ]


def logits(words, state, model_weights, options, dropout=None):
    """The scores of the next word at every position.

    Args:
      words: ``[B, T]`` integers.
      state: one LSTMState per layer.
      model_weights: the Weights.
      options: the model section of the config (forget_bias).
      dropout: function (tensor, place) -> tensor, or None outside training; ``place`` numbers the masks.

    Returns:
      ``(logits [T * B, V]`` in the order of time, last state of each layer).
    """
    dropout = dropout or _nothing
    inputs = dropout(tf.nn.embedding_lookup(model_weights.embedding, tf.transpose(words)), 0)
    first = lstm(inputs, model_weights.kernels[0], model_weights.biases[0], state[0], options.forget_bias)
    return _above(first, state, model_weights, options, dropout)


def project_words(words, model_weights, options):
    """What each of ``words [N]`` gives to the first layer's gates ``[N, 4n]``, outside training."""
    embedded = tf.nn.embedding_lookup(model_weights.embedding, words)
    return project(embedded, model_weights.kernels[0], model_weights.biases[0], options.forget_bias)


def logits_of_projected(projected, words, state, model_weights, options):
    """What :func:`logits` returns outside training, of words that are rows of :func:`project_words`'s ``[N, 4n]``."""
    first = lstm_of_projected(projected, tf.transpose(words), model_weights.kernels[0], state[0])
    return _above(first, state, model_weights, options, _nothing)


def _above(first, state, model_weights, options, dropout):
    """The logits and the last state of each layer, of what the first layer returned."""
    outputs, after = first
    last = [after]
    for layer in range(1, len(state)):
        kernel, bias = model_weights.kernels[layer], model_weights.biases[layer]
        outputs, after = lstm(dropout(outputs, layer), kernel, bias, state[layer], options.forget_bias)
        last.append(after)
    outputs = dropout(outputs, len(state))
    flat = tf.reshape(outputs, [-1, static_shape(outputs)[2]])
    return tf.nn.bias_add(tf.matmul(flat, model_weights.softmax_w), model_weights.softmax_b), last


def _nothing(tensor, place):
    return tensor
