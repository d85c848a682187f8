"""Perplexity by Monte-Carlo dropout: the mean of the probabilities that networks under different masks give a word.

Every sample draws one set of masks for the whole text, a function of the seed and the sample's number. Only the running
sum of probabilities is kept, one number for each word of the text.
"""

import math

import numpy as np

from rhns import noise
from sparse_rnn.compat import float32_products, tf
from sparse_rnn.errors import UserError
from sparse_rnn.training.language import evaluation
from sparse_rnn.training.language import perplexity as perplexities

#: A sample whose own perplexity is not below this has lost the thread and is left out.
LIMIT = 500.0


class Sampled(evaluation.Evaluation):
    """The model's graph under the masks of one sample.

    Args:
      loaded: the LoadedLanguageModel; its config says what is dropped.
      weights: its variables.
      style: one of the styles of :mod:`sparse_rnn.training.language.evaluation`.
      seed: decides all masks.

    Attributes:
      number: of the sample, to be set before a text is read.
    """

    def __init__(self, loaded, weights, style, seed):
        self.number = 0
        self._sample = tf.placeholder(tf.int64, [])
        options = loaded.experiment.model
        super().__init__(
            loaded.trainer,
            options,
            weights,
            *evaluation.shape_of(style, loaded.experiment.train),
            "Sampled{}{}".format(style.capitalize(), seed),
            lambda words: noise.of_sample(options, loaded.vocabulary_size, seed, self._sample, words),
        )

    def feed(self, words, targets):
        return {**super().feed(words, targets), self._sample: self.number}


def perplexity(loaded, ids, style, what, samples, seed, say=lambda sentence: None):
    """The perplexity of a text under the mean of several samples' probabilities.

    Exactly ``samples`` samples are drawn. Those whose own perplexity is not below :data:`LIMIT` are left out of the
    mean and not drawn again.

    Args:
      loaded: the LoadedLanguageModel; its config says what is dropped.
      ids: the text.
      style: how it is read, as for :class:`Sampled`.
      what: names the text in errors ("test").
      samples: number of samples.
      seed: decides all masks.
      say: called with a sentence about each sample.

    Returns:
      ``(perplexity, number of samples in the mean)``.

    Raises:
      UserError: every sample was left out.
    """
    sampled = loaded.built((style, seed), lambda weights: Sampled(loaded, weights, style, seed))
    batches = evaluation.batches_of(ids, style, loaded.experiment.train, what)
    sums, used = None, 0
    for number in range(samples):
        sampled.number = number
        with float32_products():
            losses = np.concatenate(list(sampled.losses(loaded.session, batches))).astype(np.float64)
        own = perplexities.of(losses.mean())
        if own < LIMIT:
            # Sums of probabilities by their logarithms, which do not underflow.
            sums, used = -losses if sums is None else np.logaddexp(sums, -losses), used + 1
            mean = ", mean of {} so far {:.4f}".format(used, _mean(sums, used))
        else:
            mean = ", left out: not below {:g}".format(LIMIT)
        say("{} sample {} of {}: perplexity {:.4f}{}".format(what, number + 1, samples, own, mean))
    if not used:
        raise UserError(
            "none of {} samples has a perplexity below {:g} on the {} text; the model is not trained for this "
            "dropout.".format(samples, LIMIT, what)
        )
    return _mean(sums, used), used


def _mean(sums, used):
    return perplexities.of(-(sums - math.log(used)).mean())
