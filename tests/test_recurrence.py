"""Matrices cut into rows, and transposed."""

import numpy as np
import pytest

from sparse_rnn.compat import tf
from sparse_rnn.recurrence import cut_rows, transposed


@pytest.mark.parametrize("at", [1, 3, 4])
@pytest.mark.parametrize("columns", [1, 5, 16])
def test_rows_are_those_above_and_below(graph, at, columns):
    matrix = np.random.RandomState(1).uniform(size=[5, columns]).astype(np.float32)
    given = tf.placeholder(tf.float32, matrix.shape)
    above, below = cut_rows(given, at)
    assert above.shape.as_list() == [at, columns] and below.shape.as_list() == [5 - at, columns]
    with tf.Session() as session:
        found = session.run([above, below], {given: matrix})
    np.testing.assert_array_equal(found[0], matrix[:at])
    np.testing.assert_array_equal(found[1], matrix[at:])


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (4, 6)])
def test_a_transposed_matrix_has_its_columns_as_rows(graph, shape):
    matrix = np.random.RandomState(1).uniform(size=shape).astype(np.float32)
    given = tf.placeholder(tf.float32, shape)
    turned = transposed(given)
    assert turned.shape.as_list() == list(shape[::-1])
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(turned, {given: matrix}), matrix.T)


def test_a_product_with_a_transposed_matrix_stays_one_without_transposition(graph):
    rows, matrix = tf.placeholder(tf.float32, [2, 8]), tf.placeholder(tf.float32, [4, 8])
    fetched = tf.matmul(rows, transposed(matrix))
    options, seen = tf.RunOptions(output_partition_graphs=True), tf.RunMetadata()
    with tf.Session() as session:
        session.run(fetched, {rows: np.ones([2, 8]), matrix: np.ones([4, 8])}, options=options, run_metadata=seen)
    nodes = [node for partition in seen.partition_graphs for node in partition.node]
    (multiply,) = [node for node in nodes if node.op.endswith("MatMul")]
    assert not multiply.attr["transpose_a"].b and not multiply.attr["transpose_b"].b
