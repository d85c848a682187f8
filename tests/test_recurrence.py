"""Matrices cut into rows."""

import numpy as np
import pytest

from sparse_rnn.compat import tf
from sparse_rnn.recurrence import cut_rows


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
