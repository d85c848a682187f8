import numpy as np
import pytest

from sparse_rnn import blocks, fusion
from sparse_rnn.compat import tf
from tests.graphs import evaluate_and_count

pytestmark = pytest.mark.usefixtures("graph")

VALUES = np.random.RandomState(0).randn(6, 4).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, without_gpu):
    monkeypatch.setattr(blocks, "BLOCK", VALUES.size)


def doubled_where_positive(tensor):
    return tf.where(tensor > 0, 2 * tensor, tf.zeros_like(tensor))


EXPECTED = np.where(VALUES > 0, 2 * VALUES, 0)


def test_operations_on_large_tensors_are_one_loop():
    given = tf.placeholder(tf.float32, VALUES.shape)
    result = fusion.fused(lambda small, large: doubled_where_positive(large) + small, tf.constant(0.0), given)
    found, types = evaluate_and_count(result, {given: VALUES})
    np.testing.assert_array_equal(found, EXPECTED)
    assert types["loop"] == 1


@pytest.mark.parametrize("shape", [[6, 3], [None, 4], None])
def test_operations_on_small_tensors_and_on_those_of_unknown_size_run_alone(shape):
    given = tf.placeholder(tf.float32, shape)
    result = fusion.fused(doubled_where_positive, given)
    values = VALUES[:, :3] if shape == [6, 3] else VALUES
    found, types = evaluate_and_count(result, {given: values})
    np.testing.assert_array_equal(found, EXPECTED[:, : values.shape[1]])
    assert types["loop"] == 0


def test_nothing_is_fused_for_a_gpu(monkeypatch):
    monkeypatch.setattr(fusion, "has_gpu", lambda: True)
    given = tf.placeholder(tf.float32, VALUES.shape)
    result = fusion.fused(doubled_where_positive, given)
    assert evaluate_and_count(result, {given: VALUES})[1]["loop"] == 0


def test_operations_beside_a_loop_are_no_part_of_it():
    given = tf.placeholder(tf.float32, VALUES.shape)
    result = tf.add_n([fusion.fused(doubled_where_positive, tf.tanh(given)), given])
    found, types = evaluate_and_count(result, {given: VALUES})
    np.testing.assert_allclose(found, np.tanh(EXPECTED / 2) * 2 + VALUES, rtol=1e-5)
    assert (types["loop"], types["Tanh"], types["AddN"], types["Greater"]) == (1, 1, 1, 0)


def test_what_the_program_compiles_itself_is_left_alone():
    given = tf.placeholder(tf.float32, VALUES.shape)
    (result,) = tf.xla.experimental.compile(lambda tensor: [fusion.fused(doubled_where_positive, tensor)], [given])
    found, types = evaluate_and_count(result, {given: VALUES})
    np.testing.assert_array_equal(found, EXPECTED)
    assert types["loop"] == 1


@pytest.mark.parametrize("positive", [True, False])
def test_a_loop_may_stand_in_a_branch(positive):
    given = tf.placeholder(tf.float32, VALUES.shape)
    wanted = tf.placeholder(tf.bool, [])
    result = tf.cond(wanted, lambda: fusion.fused(doubled_where_positive, given), lambda: given)
    found, _ = evaluate_and_count(result, {given: VALUES, wanted: positive})
    np.testing.assert_array_equal(found, EXPECTED if positive else VALUES)


def test_a_function_of_tensorflow_2_is_left_alone():
    given = tf.placeholder(tf.float32, VALUES.shape)
    result = tf.function(lambda tensor: fusion.fused(doubled_where_positive, tensor))(given)
    found, types = evaluate_and_count(result, {given: VALUES})
    np.testing.assert_array_equal(found, EXPECTED)
    assert types["loop"] == 0


def test_operations_that_run_as_they_are_made_are_left_alone(monkeypatch):
    monkeypatch.setattr(tf, "executing_eagerly", lambda: True, raising=False)
    given = tf.placeholder(tf.float32, VALUES.shape)
    result = fusion.fused(doubled_where_positive, given)
    assert evaluate_and_count(result, {given: VALUES})[1]["loop"] == 0
