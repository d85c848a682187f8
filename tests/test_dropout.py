import numpy as np
import pytest

from sparse_rnn.compat import tf
from sparse_rnn.training import dropout

SHAPE = [30, 25, 40]


def mask(step, seed=1, place=0, keep_prob=0.8, shape=SHAPE):
    """The mask of one step in a graph and session of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        counter = tf.placeholder(tf.int64, [])
        dropped = dropout.by_step(keep_prob, seed, counter)(tf.ones(shape), place)
        assert dropped.shape.as_list() == shape
        return session.run(dropped, {counter: step})


def test_a_mask_is_a_function_of_seed_step_and_place():
    one = mask(step=7)
    assert (one == mask(step=7)).all()
    for other in (mask(step=8), mask(step=7, seed=2), mask(step=7, place=1)):
        assert 0.6 < (one == other).mean() < 0.75  # independent masks agree at 0.8 ** 2 + 0.2 ** 2 of the places


def test_kept_elements_are_scaled_so_that_the_mean_stays():
    values = mask(step=3)
    assert np.unique(values) == pytest.approx([0.0, 1.25])
    assert values.mean() == pytest.approx(1.0, abs=0.02)
    assert (values > 0).mean() == pytest.approx(0.8, abs=0.01)


def test_masks_of_later_steps_and_other_times_are_independent():
    values = mask(step=0)
    assert not (values[0] == values[1]).all()
    assert not (values[:, 0] == values[:, 1]).all()


def test_the_largest_seed_and_a_late_step_are_allowed():
    values = mask(step=10**9, seed=2**31 - 1, place=3)
    assert (values > 0).mean() == pytest.approx(0.8, abs=0.01)


def test_an_unknown_batch_is_allowed(graph):
    with tf.Session() as session:
        fed = tf.placeholder(tf.float32, [None, 3])
        dropped = dropout.by_step(0.5, 1, tf.constant(0))(fed, 0)
        assert dropped.shape.as_list() == [None, 3]
        assert session.run(dropped, {fed: np.ones([4, 3])}).shape == (4, 3)


def test_gradients_pass_where_the_mask_lets_them(graph):
    with tf.Session() as session:
        ones = tf.ones([6, 50])
        dropped = dropout.by_step(0.6, 1, tf.constant(4))(ones, 2)
        values, gradient = session.run([dropped, tf.gradients(dropped, ones)[0]])
        assert (values == gradient).all()


def test_keeping_everything_is_no_dropout():
    assert dropout.by_step(1.0, 1, None) is None
