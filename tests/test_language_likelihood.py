"""The loss of language models: against numpy, against TensorFlow's own, and where exponentials overflow."""

import numpy as np
import pytest

from sparse_rnn.compat import tf
from sparse_rnn.training.language import likelihood

STEPS, BATCH, WORDS = 3, 2, 5
TARGETS = np.random.RandomState(1).randint(WORDS, size=[BATCH, STEPS])


def found(logits, weights):
    """The losses, and the gradient of their sum weighted by ``weights``, at float64 ``logits``."""
    with tf.Graph().as_default(), tf.Session() as session:
        scores = tf.constant(logits)
        losses = likelihood.negative_log_likelihoods(scores, tf.constant(TARGETS, tf.int32))
        return session.run([losses, tf.gradients(losses * tf.constant(weights), scores)[0]])


def expected(logits, weights):
    labels = TARGETS.T.reshape(-1)
    with tf.Graph().as_default(), tf.Session() as session:
        scores = tf.constant(logits)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores)
        return session.run([losses, tf.gradients(losses * tf.constant(weights), scores)[0]])


@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_losses_and_gradients_are_tensorflows(scale):
    chance = np.random.RandomState(2)
    logits, weights = scale * chance.randn(STEPS * BATCH, WORDS), chance.randn(STEPS * BATCH)
    for ours, theirs in zip(found(logits, weights), expected(logits, weights)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


def test_logits_whose_exponentials_no_number_holds_are_no_trouble():
    logits = np.full([STEPS * BATCH, WORDS], -2000.0)
    logits[:, 0] = 2000.0
    losses, gradient = found(logits, np.ones(STEPS * BATCH))
    np.testing.assert_array_equal(losses, np.where(TARGETS.T.reshape(-1) == 0, 0.0, 4000.0))
    assert np.isfinite(gradient).all()


def test_targets_are_in_the_order_of_time():
    logits = np.zeros([STEPS * BATCH, WORDS])
    logits[np.arange(STEPS * BATCH), TARGETS.T.reshape(-1)] = 50.0
    assert found(logits, np.ones(STEPS * BATCH))[0].max() < 1e-20
