"""Perplexity in both styles, and scores, against numpy."""

import math

import numpy as np
import pytest

from ptb import model, variables
from ptb.config import Experiment
from ptb.trainer import TRAINER
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import config
from sparse_rnn.training.language import evaluation
from sparse_rnn.training.language.stream import Stream
from tests.test_ptb_model import log_softmax, numpy_logits

WORDS = 9
EXPERIMENT = config.from_dict(
    Experiment,
    {
        "model": {"hidden_sizes": [7, 5], "embedding_size": 6, "keep_prob": 0.5, "forget_bias": 0.5},
        "train": {"batch_size": 4, "num_steps": 5},
    },
    "test",
)
TEXT = np.random.RandomState(8).randint(WORDS, size=98).astype(np.int32)
ARRAYS = {
    name: np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
    for seed, (name, shape) in enumerate(variables.shapes(EXPERIMENT.model, WORDS).items())
}


@pytest.fixture(scope="module")
def loaded():
    made = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, ARRAYS, device="/cpu:0")
    yield made
    made.session.close()


def numpy_perplexity(rows):
    """Of texts ``[B, words]`` read side by side from state zero, by predicting each word but the first."""
    state = [np.zeros([2, len(rows), size]) for size in EXPERIMENT.model.hidden_sizes]
    scores, _ = numpy_logits(rows[:, :-1], state, ARRAYS, EXPERIMENT.model.forget_bias)
    targets = rows[:, 1:].T[:, :, np.newaxis]
    return math.exp(-np.take_along_axis(log_softmax(scores), targets, axis=2).mean())


def test_batched_reads_equal_parts_side_by_side_and_drops_what_fills_no_step(loaded):
    rows = TEXT[: 4 * 24].reshape(4, 24)[:, : 4 * 5 + 1]  # 24 words each, of which 4 steps of 5 are predicted
    assert loaded.perplexity(TEXT, "batched", "test") == pytest.approx(numpy_perplexity(rows), rel=1e-5)


def test_each_evaluation_begins_anew(loaded):
    for style in evaluation.STYLES:
        first = loaded.perplexity(TEXT, style, "test")
        loaded.perplexity(TEXT[::-1].copy(), style, "test")
        assert loaded.perplexity(TEXT, style, "test") == first


def test_scores_are_the_logits_of_the_stream(loaded):
    batches = evaluation.batches_of(TEXT, "batched", EXPERIMENT.train, "test")
    found = list(loaded.evaluation("batched").scores(loaded.session, batches))
    rows = np.concatenate([words for words, _ in batches], axis=1)
    state = [np.zeros([2, 4, size]) for size in EXPERIMENT.model.hidden_sizes]
    expected, _ = numpy_logits(rows, state, ARRAYS, EXPERIMENT.model.forget_bias)
    np.testing.assert_allclose(np.concatenate(found), expected.reshape(-1, WORDS), atol=2e-5)


def test_scores_of_full_are_the_logits_of_one_sequence(loaded, monkeypatch):
    monkeypatch.setattr(evaluation, "SEGMENT", 7)
    batches = evaluation.batches_of(TEXT, "full", EXPERIMENT.train, "test")
    found = np.concatenate(list(loaded.evaluation("full").scores(loaded.session, batches)))
    state = [np.zeros([2, 1, size]) for size in EXPERIMENT.model.hidden_sizes]
    expected, _ = numpy_logits(TEXT[np.newaxis, :-1], state, ARRAYS, EXPERIMENT.model.forget_bias)
    np.testing.assert_allclose(found, expected.reshape(-1, WORDS), atol=2e-5)


def test_evaluation_changes_no_variable_that_is_trained_or_saved(graph):
    weights = model.weights(EXPERIMENT.model, WORDS)
    carried = model.carried_state(EXPERIMENT.model, 4, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
    evaluations = [evaluation.build(TRAINER, EXPERIMENT, weights, style, style) for style in evaluation.STYLES]
    assert len(tf.global_variables()) == 7 + 2 * len(carried)
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        before = session.run(tf.global_variables())
        for style, each in zip(evaluation.STYLES, evaluations):
            batches = evaluation.batches_of(TEXT, style, EXPERIMENT.train, "test")
            each.perplexity(session, batches)
            list(each.scores(session, batches))
        Stream(TRAINER, EXPERIMENT.model, weights).perplexity(session, TEXT)
        for one, other in zip(before, session.run(tf.global_variables())):
            np.testing.assert_array_equal(one, other)


def test_an_endless_loss_is_a_large_number_and_no_error(loaded):
    arrays = dict(ARRAYS, **{variables.SOFTMAX_B: np.linspace(0, 1e30, WORDS, dtype=np.float32)})
    huge = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, arrays)
    assert all(huge.perplexity(TEXT, style, "test") > 1e300 for style in evaluation.STYLES)
    huge.session.close()


def test_a_text_that_is_too_short_is_named(loaded):
    with pytest.raises(
        UserError,
        match="the test text has 23 tokens; batch_size 4 x num_steps 5 needs 24",
    ):
        loaded.perplexity(TEXT[:23], "batched", "test")
    with pytest.raises(UserError, match="a text of 1 words has no word to predict"):
        loaded.perplexity(TEXT[:1], "full", "test")


def test_the_device_is_the_one_that_was_asked_for(loaded):
    assert loaded.evaluation("full").logits.device.lower() in ("/device:cpu:0", "/cpu:0")
