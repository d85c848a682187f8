import gc
import weakref

import numpy as np
import pytest

from sparse_rnn.compat import tf
from sparse_rnn.custom_gradient import custom_gradient
from sparse_rnn.errors import UserError


@custom_gradient
def product(one, other):
    """A product with a gradient that no product has."""

    def gradient(d_product, d_sum):
        return 100.0 * d_product + d_sum * other, 1000.0 * d_product

    return (one * other, one + other), gradient


def test_the_gradient_is_the_functions_own(graph):
    one, other = tf.constant([2.0, 3.0]), tf.constant([5.0, 7.0])
    results = product(one, other)
    first, second = product(results[0], other)  # and each call has its own
    gradients = tf.gradients(3.0 * first + second, [results[0], one])
    with tf.Session() as session:
        values, (inner, outer) = session.run([[results, first, second], gradients])
    np.testing.assert_allclose(values[0], [[10.0, 21.0], [7.0, 10.0]])
    np.testing.assert_allclose(values[1:], [[50.0, 147.0], [15.0, 28.0]])
    np.testing.assert_allclose(inner, [305.0, 307.0])
    np.testing.assert_allclose(outer, [30500.0, 30700.0])


def test_a_result_that_is_not_used_has_a_gradient_of_zero(graph):
    one = tf.constant([2.0, 3.0])
    gradient = tf.gradients(product(one, one + 1.0)[1], one)[0]
    with tf.Session() as session:
        np.testing.assert_allclose(session.run(gradient), [3.0, 4.0])


def test_a_graph_that_is_dropped_takes_its_gradients_with_it():
    with tf.Graph().as_default() as graph:
        one = tf.constant([2.0])
        tf.gradients(product(one, one)[0], one)
    dropped = weakref.ref(graph)
    del graph, one
    gc.collect()
    assert dropped() is None


def test_a_graph_that_was_imported_runs_and_says_that_it_cannot_be_differentiated(graph):
    one = tf.placeholder(tf.float32, [2], "one")
    result = product(one, one + 1.0)[0]
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph.as_graph_def(), name="")
        read, found = (imported.get_tensor_by_name(each.name) for each in (one, result))
        with tf.Session() as session:
            np.testing.assert_allclose(session.run(found, {read: [2.0, 3.0]}), [6.0, 12.0])
        with pytest.raises(UserError, match="'IdentityN' has a gradient of its own, which an imported graph does not"):
            tf.gradients(found, read)


@pytest.mark.skipif(tf.version.VERSION.startswith("1."), reason="TensorFlow 1 has no eager execution by default")
def test_tapes_of_programs_that_run_eagerly_use_it_too():
    one, other = tf.constant([2.0]), tf.constant([5.0])

    def slope():
        with tf.GradientTape() as tape:
            tape.watch(one)
            result = product(one, other)[0]
        return tape.gradient(result, one)

    assert slope().numpy() == 100.0
    assert tf.function(slope)().numpy() == 100.0
