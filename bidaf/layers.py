"""What BiDAF is built of below and above its attention: character convolution, highway, bidirectional LSTM, scores.

Sequences are time first, ``[T, N, width]``, as the library's LSTM reads them. Weights are a mapping
``{variable name: tensor}``; a layer looks up its own.
"""

from bidaf import variables
from bidaf.variables import BIAS, DIRECTIONS
from sparse_rnn.compat import static_shape, tf
from sparse_rnn.lstm import lstm

#: Added to the score of what is padding: its probability becomes 0 and stays finite.
VERY_NEGATIVE = -1e30


def words(ids, weights):
    """Vectors of the words ``ids [T, N]``: those learnt come first, those given after them."""
    learnt, given = weights[variables.WORD_EMBEDDING], weights[variables.GLOVE]
    number, others = static_shape(learnt)[0], static_shape(given)[0]
    if not others:
        return tf.nn.embedding_lookup(learnt, ids)
    is_given = tf.cast(ids >= number, learnt.dtype)[:, :, tf.newaxis]
    one = tf.nn.embedding_lookup(learnt, tf.minimum(ids, number - 1))
    other = tf.nn.embedding_lookup(given, tf.maximum(ids - number, 0))
    return (1 - is_given) * one + is_given * other


def characters(ids, weights, heights, dropout):
    """Features of each word's spelling (Kim, 2014): the largest response of each filter over the word.

    Args:
      ids: ``[T, N, W]`` characters.
      weights: the mapping.
      heights: numbers of characters that the filters span.
      dropout: function of the embedded characters.

    Returns:
      ``[T, N, channels]``, the channels of each height side by side.
    """
    embedded = dropout(tf.nn.embedding_lookup(weights[variables.CHAR_EMBEDDING], ids))
    found = []
    for height in heights:
        response = tf.nn.conv2d(embedded, weights[variables.conv(height)], strides=[1, 1, 1, 1], padding="VALID")
        # The bias is the same at every place and relu grows: both may follow the maximum, where there is less to do.
        found.append(tf.nn.relu(tf.reduce_max(response, axis=2) + weights[variables.conv(height, BIAS)]))
    return tf.concat(found, axis=2)


def highway(inputs, weights, layers):
    """Highway layers (Srivastava et al., 2015): ``g * relu(x W + b) + (1 - g) * x`` with ``g = sigmoid(x V + c)``."""
    width = static_shape(inputs)[2]
    flat = tf.reshape(inputs, [-1, width])
    for layer in range(layers):
        transformed, gate = (
            tf.matmul(flat, weights[variables.highway(layer, path)]) + weights[variables.highway(layer, path, BIAS)]
            for path in ("trans", "gate")
        )
        gate = tf.sigmoid(gate)
        flat = gate * tf.nn.relu(transformed) + (1 - gate) * flat
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:2], [width]], axis=0))


def bidirectional(inputs, lengths, weights, layer):
    """One LSTM forwards and one backwards, side by side: ``[T, N, n_fw + n_bw]``, 0 beyond a sequence's length."""
    outputs = []
    for direction in DIRECTIONS:
        kernel, bias = (weights[variables.cell(layer, direction, part)] for part in (variables.KERNEL, BIAS))
        read = inputs if direction == "fw" else backwards(inputs, lengths)
        output, _ = lstm(read, kernel, bias, sequence_length=lengths)
        outputs.append(output if direction == "fw" else backwards(output, lengths))
    return tf.concat(outputs, axis=2)


def backwards(sequence, lengths):
    """Each sequence of ``[T, N, width]`` from its last step to its first; what is beyond its length stays there."""
    return tf.reverse_sequence(sequence, lengths, seq_axis=0, batch_axis=1)


def scores(parts, weights, kernel, bias):
    """One number per position, ``[T, N]``, linear in the ``parts [T, N, width]`` side by side."""
    return tf.add_n([weighted(part, each) for part, each in zip(parts, rows(weights[kernel], parts))]) + tf.squeeze(
        weights[bias], 0
    )


def rows(matrix, parts):
    """``matrix`` cut into the rows that each of the ``parts`` meets when they stand side by side."""
    return tf.split(matrix, [static_shape(part)[-1] for part in parts], axis=0)


def weighted(sequence, column):
    """``sequence [a, b, width]`` times ``column [width, 1]``: ``[a, b]``."""
    flat = tf.matmul(tf.reshape(sequence, [-1, static_shape(sequence)[2]]), column)
    return tf.reshape(flat, tf.shape(sequence)[:2])


def mask(lengths, longest):
    """``[N, longest]``: 0 within each length, :data:`VERY_NEGATIVE` beyond it."""
    return VERY_NEGATIVE * (1 - tf.sequence_mask(lengths, longest, dtype=tf.float32))
