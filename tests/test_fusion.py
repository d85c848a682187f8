import numpy as np
import pytest

from sparse_rnn import blocks, fusion
from sparse_rnn.compat import tf
from tests.graphs import evaluate_in_loops

pytestmark = pytest.mark.usefixtures("graph")

VALUES = np.random.RandomState(0).randn(6, 4).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", VALUES.size)


def doubled_where_positive(tensor):
    return tf.where(tensor > 0, 2 * tensor, tf.zeros_like(tensor))


EXPECTED = np.where(VALUES > 0, 2 * VALUES, 0)


def test_operations_on_large_tensors_are_one_loop():
    given = tf.placeholder(tf.float32, VALUES.shape)
    with fusion.fused([tf.constant(0.0), given]):
        result = doubled_where_positive(given)
    found, loops = evaluate_in_loops(result, {given: VALUES})
    np.testing.assert_array_equal(found, EXPECTED)
    assert loops == 1


@pytest.mark.parametrize("shape", [[6, 3], [None, 4], None])
def test_operations_on_small_tensors_and_on_those_of_unknown_size_run_alone(shape):
    given = tf.placeholder(tf.float32, shape)
    with fusion.fused([given]):
        result = doubled_where_positive(given)
    values = VALUES[:, :3] if shape == [6, 3] else VALUES
    found, loops = evaluate_in_loops(result, {given: values})
    np.testing.assert_array_equal(found, EXPECTED[:, : values.shape[1]])
    assert loops == 0


def test_nothing_is_fused_for_a_gpu(monkeypatch):
    monkeypatch.setattr(fusion, "has_gpu", lambda: True)
    given = tf.placeholder(tf.float32, VALUES.shape)
    with fusion.fused([given]):
        result = doubled_where_positive(given)
    assert evaluate_in_loops(result, {given: VALUES})[1] == 0


def test_a_context_within_one_belongs_to_its_loop():
    given = tf.placeholder(tf.float32, VALUES.shape)
    with fusion.fused([given]):
        doubled = 2 * given
        with fusion.fused([given]):
            result = tf.where(given > 0, doubled, tf.zeros_like(given))
    found, loops = evaluate_in_loops(result, {given: VALUES})
    np.testing.assert_array_equal(found, EXPECTED)
    assert loops == 1


def test_operations_that_run_as_they_are_made_are_left_alone(monkeypatch):
    monkeypatch.setattr(tf, "executing_eagerly", lambda: True, raising=False)
    given = tf.placeholder(tf.float32, VALUES.shape)
    with fusion.fused([given]):
        result = doubled_where_positive(given)
    assert evaluate_in_loops(result, {given: VALUES})[1] == 0
