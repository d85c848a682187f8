"""Variational dropout: what shares a mask, and what decides it."""

import numpy as np
import pytest

from rhns import noise
from rhns.config import Experiment
from sparse_rnn.compat import tf
from sparse_rnn.training import config

BATCH, STEPS, WORDS = 40, 12, 6
TEXT = np.random.RandomState(3).randint(WORDS, size=[BATCH, STEPS])


def options(**keys):
    keys = dict({"hidden_sizes": [30, 20], "tied": False, "embedding_size": 25, "depth": 2, "keep_words": 0.7}, **keys)
    return config.from_dict(Experiment, {"model": keys}, "test").model


def drawn(draw=noise.of_step, seed=1, step=0, text=TEXT, **keys):
    with tf.Graph().as_default(), tf.Session() as session:
        words = tf.placeholder(tf.int32, text.shape)
        return session.run(draw(options(**keys), WORDS, seed, tf.constant(step), words), {words: text})


def test_each_word_has_the_value_of_its_first_place_in_its_row():
    values = np.random.RandomState(0).rand(BATCH, STEPS)
    expected = [[row[list(words).index(word)] for word in words] for words, row in zip(TEXT, values)]
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(noise.like_first(tf.constant(TEXT), tf.constant(values)))
    np.testing.assert_array_equal(found, expected)


def test_a_word_type_is_dropped_together_in_a_row_and_apart_in_others():
    masks = drawn().words
    for word in range(WORDS):
        by_row = [masks[row][TEXT[row] == word] for row in range(BATCH) if (TEXT[row] == word).any()]
        assert all(np.ptp(values) == 0 for values in by_row)
        assert len({values[0] for values in by_row}) == 2


@pytest.mark.parametrize("draw", [noise.of_step, noise.of_sample])
def test_masks_have_the_widths_of_what_they_mask_and_keep_its_mean(draw):
    masks = drawn(draw, keep_words=0.9, keep_inputs=0.25, keep_states=0.5, keep_outputs=0.8)
    assert masks.words.shape == (BATCH, STEPS)
    assert [each.shape for each in masks.inputs] == [(BATCH, 25), (BATCH, 30)]
    assert [each.shape for each in masks.states] == [(BATCH, 30), (BATCH, 20)]
    assert masks.outputs.shape == (BATCH, 20)
    for found, keep in [(masks.words, 0.9), (masks.inputs[0], 0.25), (masks.states[1], 0.5), (masks.outputs, 0.8)]:
        assert set(np.unique(found)) == {0, np.float32(1) / np.float32(keep)}
        assert (found > 0).mean() == pytest.approx(keep, abs=0.08)


def test_masks_are_a_function_of_seed_and_step_and_different_from_place_to_place():
    def flat(masks):
        return np.concatenate([masks.words.ravel(), masks.outputs.ravel()] + [each.ravel() for each in masks.states])

    one, again = flat(drawn(seed=4, step=9)), flat(drawn(seed=4, step=9))
    assert (one == again).all()
    assert (one != flat(drawn(seed=4, step=10))).any() and (one != flat(drawn(seed=5, step=9))).any()
    masks = drawn(hidden_sizes=[20, 20], keep_states=0.5, keep_outputs=0.5)
    assert (masks.states[0] != masks.states[1]).any() and (masks.states[1] != masks.outputs).any()


def test_a_sample_drops_a_word_type_in_the_whole_text():
    first = drawn(noise.of_sample, step=3).words
    second = drawn(noise.of_sample, step=3, text=TEXT[:, ::-1].copy()).words
    np.testing.assert_array_equal(first, second[:, ::-1])
    assert (first != drawn(noise.of_sample, step=4).words).any()


def test_what_keeps_everything_has_no_mask():
    everything = dict.fromkeys(["keep_words", "keep_inputs", "keep_states", "keep_outputs"], 1)
    with tf.Graph().as_default():
        masks = noise.of_step(options(**everything), WORDS, 1, tf.constant(0), tf.constant(TEXT))
    assert masks == noise.nothing(options())
    masks = drawn(**dict(everything, keep_states=0.5), draw=lambda *given: [noise.of_step(*given).states[1]])
    assert set(np.unique(masks[0])) == {0, 2}
