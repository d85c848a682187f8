"""Rows that are cut out of a matrix as a vector are rows of that matrix, where they are."""

import pytest

import sparse_rnn as sr
from sparse_rnn.compat import tf
from sparse_rnn.recurrence import cut_rows
from tests import discover_models as models
from tests.test_discover import reasons, slices

INPUTS, UNITS, OTHERS = 5, 4, 2


@pytest.fixture
def hidden(graph):
    """Two layers of four and of two units, whose rows are cut out of one matrix ``[6, 3]``."""
    weights = models.Weights(seed=1)
    inputs = tf.placeholder(tf.float32, [None, INPUTS], "inputs")
    layers = [models.dense(weights, "first", inputs, UNITS), models.dense(weights, "second", inputs, OTHERS)]
    return layers, weights.get("scores", UNITS + OTHERS, 3)


def read(layers, parts):
    tf.identity(sum(tf.matmul(layer, part) for layer, part in zip(layers, parts)), "output")


def flat_part(matrix, begin, end):
    return tf.reshape(tf.reshape(matrix, [-1])[begin:end], [(end - begin) // 3, 3])


def test_units_are_found_on_either_side_of_the_cut(graph, hidden):
    layers, scores = hidden
    read(layers, cut_rows(tf.convert_to_tensor(scores), UNITS))
    first, second = sr.discover(graph)
    assert (slices(first, "gate"), slices(second, "gate")) == ([("first/kernel", 1, 0)], [("second/kernel", 1, 0)])
    assert (slices(first, "consumer"), slices(second, "consumer")) == ([("scores", 0, 0)], [("scores", 0, UNITS)])


def test_the_cut_may_be_written_with_both_ends(graph, hidden):
    layers, scores = hidden
    read(layers, [flat_part(scores, 0, 12), flat_part(scores, 12, 18)])
    assert [slices(group, "consumer") for group in sr.discover(graph)] == [
        [("scores", 0, 0)],
        [("scores", 0, UNITS)],
    ]


@pytest.mark.parametrize("begin, end", [(1, 13), (5, 17)])
def test_a_part_that_begins_within_a_row_stays_as_it_is(graph, hidden, begin, end):
    layers, scores = hidden
    read(layers[:1], [flat_part(scores, begin, end)])
    assert not any(slices(group, "consumer") for group in sr.discover(graph))
    assert "runs several axes together" in reasons(sr.discover(graph), "scores")


def test_elements_that_are_not_side_by_side_are_no_rows(graph, hidden):
    layers, scores = hidden
    taken = tf.reshape(scores, [-1])[::3]
    read(layers[1:], [tf.reshape(taken, [OTHERS, 3])])
    assert "runs several axes together" in reasons(sr.discover(graph), "scores")


def test_a_vector_that_something_else_reads_holds_the_whole_matrix(graph, hidden):
    layers, scores = hidden
    flat = tf.reshape(scores, [-1])
    read(layers, [tf.reshape(flat[:12], [UNITS, 3]), tf.reshape(flat[12:], [OTHERS, 3])])
    tf.identity(tf.reduce_sum(flat * tf.range(18.0)) * tf.reduce_sum(layers[0]), "another")
    assert len(sr.discover(graph)) == 0


def test_rows_of_a_matrix_that_random_numbers_are_in_are_followed(graph, hidden):
    layers, scores = hidden
    read(layers, cut_rows(scores * tf.random.normal([]), UNITS))
    first, second = sr.discover(graph)
    assert (slices(first, "consumer"), slices(second, "consumer")) == ([("scores", 0, 0)], [("scores", 0, UNITS)])


@pytest.mark.parametrize("kept", ["vector", "piece"])
def test_what_rows_are_cut_through_may_be_kept_and_then_holds_the_matrix(graph, hidden, kept):
    layers, scores = hidden
    parts = cut_rows(tf.convert_to_tensor(scores), UNITS)
    read(layers, parts)
    assert len(sr.discover(graph)) == 2
    piece = parts[0].op.inputs[0]
    assert len(sr.discover(graph, keep=[piece if kept == "piece" else piece.op.inputs[0]])) == 0


def test_columns_of_another_number_are_no_rows(graph, hidden):
    layers, scores = hidden
    read(layers[1:], [tf.reshape(tf.reshape(scores, [-1])[:12], [OTHERS, 6])])
    assert "runs several axes together" in reasons(sr.discover(graph), "scores")
