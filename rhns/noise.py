"""Variational dropout (Gal and Ghahramani, 2016): masks that stay the same along time.

What is masked: whole words, by type; the inputs of each layer; the state wherever a cell reads it; the outputs. The
masks of a training step are a function of seed and step, drawn in the graph.
"""

import collections
import itertools

from rhns import variables
from sparse_rnn.compat import tf
from sparse_rnn.training import dropout

Masks = collections.namedtuple("Masks", ["words", "inputs", "states", "outputs"])
Masks.__doc__ = """What is multiplied with the activations; kept elements are scaled by 1 / keep, None masks nothing.

Attributes:
  words: ``[B, T]``, for whole word vectors.
  inputs: for each layer ``[B, in]``.
  states: for each layer ``[B, n]``.
  outputs: ``[B, n]`` of the last layer.
"""


def nothing(options):
    """The Masks outside training; ``options`` is the model section of the config."""
    layers = len(options.hidden_sizes)
    return Masks(None, [None] * layers, [None] * layers, None)


def of_step(options, vocabulary_size, seed, step, words):
    """The Masks of one training step: equal words in a row of the batch are dropped together.

    Args:
      options: the model section of the config.
      vocabulary_size: number of words or characters.
      seed: of the experiment.
      step: scalar integer tensor, the number of updates so far.
      words: ``[B, T]`` integers.
    """

    def by_word(draw):
        return like_first(words, draw(tf.shape(words), options.keep_words))

    return _masks(options, vocabulary_size, seed, step, words, by_word)


def of_sample(options, vocabulary_size, seed, sample, words):
    """The Masks of one Monte-Carlo sample, the same for the whole text: a word type is dropped everywhere or nowhere.

    Args:
      options, vocabulary_size, seed, words: as for :func:`of_step`.
      sample: scalar integer tensor, the number of the sample.
    """

    def by_word(draw):
        by_type = draw(tf.stack([tf.shape(words)[0], vocabulary_size]), options.keep_words)
        return tf.gather(by_type, words, axis=1, batch_dims=1)

    return _masks(options, vocabulary_size, seed, sample, words, by_word)


def like_first(words, values):
    """``values [B, T]`` in which each word has the value of its first place in its row of ``words [B, T]``."""
    same = tf.equal(words[:, :, tf.newaxis], words[:, tf.newaxis, :])
    return tf.gather(values, tf.argmax(tf.cast(same, tf.int8), axis=2), axis=1, batch_dims=1)


def _masks(options, vocabulary_size, seed, step, words, by_word):
    places = itertools.count()

    def draw(shape, keep):
        return dropout.mask(shape, keep, seed, step, next(places))

    def rows(width, keep):
        if keep >= 1:
            return None
        drawn = draw(tf.stack([tf.shape(words)[0], width]), keep)
        drawn.set_shape([words.shape[0], width])
        return drawn

    widths = (variables.embedding_size(options, vocabulary_size),) + tuple(options.hidden_sizes)
    return Masks(
        words=by_word(draw) if options.keep_words < 1 else None,
        inputs=[rows(width, options.keep_inputs) for width in widths[:-1]],
        states=[rows(width, options.keep_states) for width in widths[1:]],
        outputs=rows(widths[-1], options.keep_outputs),
    )
