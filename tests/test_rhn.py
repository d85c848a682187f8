"""The recurrent highway layer against numpy, against TensorFlow's own differentiation, and against differences."""

import numpy as np
import pytest

from sparse_rnn import recurrence
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.rhn import project, rhn, rhn_of_projected
from tests import reference
from tests.graphs import evaluate, variable

TIME, BATCH, INPUT, UNITS, DEPTH = 5, 3, 7, 4, 3

pytestmark = pytest.mark.usefixtures("graph")


@pytest.fixture(params=["unrolled", "loop"])
def form(request, monkeypatch):
    """Runs a test with the time steps unrolled into the graph, and again in a loop."""
    monkeypatch.setattr(recurrence, "LONGEST_UNROLLED", 64 if request.param == "unrolled" else 0)
    return request.param


def arrays(time=TIME, batch=BATCH, depth=DEPTH, seed=0):
    """Inputs, state, then matrix and bias of h and of t of every cell, float64."""
    random = np.random.RandomState(seed)
    shapes = [(time, batch, INPUT), (batch, UNITS)]
    for cell in range(depth):
        shapes += 2 * [(INPUT + UNITS if cell == 0 else UNITS, UNITS), (UNITS,)]
    return [random.randn(*shape) for shape in shapes]


def noises(batch=BATCH):
    random = np.random.RandomState(9)
    return [(random.rand(batch, width) < 0.7) / 0.7 for width in (INPUT, UNITS)]


def weights_of(flat):
    """``(h_weights, t_weights)`` of what :func:`arrays` has after the state."""
    cells = [flat[start : start + 4] for start in range(0, len(flat), 4)]
    return [(cell[0], cell[1]) for cell in cells], [(cell[2], cell[3]) for cell in cells]


def ours(tensors, noise=(None, None)):
    return rhn(tensors[0], *weights_of(tensors[2:]), initial_state=tensors[1], noise_i=noise[0], noise_h=noise[1])


def plain(tensors, noise=(None, None)):
    """The layer as TensorFlow's own differentiation sees it: one product for each matrix and step."""
    s, outputs = tensors[1], []
    noise_i, noise_h = (1.0 if each is None else each for each in noise)
    for x in tf.unstack(tensors[0]):
        for cell, ((h_matrix, h_bias), (t_matrix, t_bias)) in enumerate(zip(*weights_of(tensors[2:]))):
            read = tf.concat([x * noise_i, s * noise_h], 1) if cell == 0 else s * noise_h
            h, t = tf.tanh(tf.matmul(read, h_matrix) + h_bias), tf.sigmoid(tf.matmul(read, t_matrix) + t_bias)
            s = (h - s) * t + s
        outputs.append(s)
    return tf.stack(outputs), s


def expected(given, noise=(1.0, 1.0)):
    return reference.rhn(given[0], *weights_of(given[2:]), state=given[1], noise_i=noise[0], noise_h=noise[1])


def with_gradients(layer, tensors, noise):
    outputs, last = layer(tensors, noise)
    weights = tf.cast(tf.sin(tf.range(tf.cast(tf.size(outputs), tf.float32))), outputs.dtype)
    loss = tf.reduce_sum(tf.reshape(weights, tf.shape(outputs)) * tf.square(outputs)) + tf.reduce_sum(tf.sin(last))
    return [outputs, last] + tf.gradients(loss, tensors)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("noisy", [False, True], ids=["plain", "noisy"])
def test_outputs_and_state_equal_the_numpy_reference(form, depth, noisy):
    given = arrays(depth=depth)
    got = evaluate(ours(given, noises() if noisy else (None, None)))
    for value, right in zip(got, expected(given, noises() if noisy else (1.0, 1.0))):
        np.testing.assert_allclose(value, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("noisy", [False, True], ids=["plain", "noisy"])
def test_outputs_state_and_gradients_equal_the_plain_unrolled_graph(form, depth, noisy):
    tensors = [tf.constant(array) for array in arrays(depth=depth)]
    noise = noises() if noisy else (None, None)
    found = evaluate([with_gradients(layer, tensors, noise) for layer in (ours, plain)])
    for value, right in zip(*found):
        np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12)
        assert np.abs(right).max() > 1e-3


def test_gradients_equal_finite_differences_of_the_numpy_reference(form):
    given, noise = arrays(), noises()
    weights = np.random.RandomState(1).randn(TIME, BATCH, UNITS)
    tensors = [tf.constant(array) for array in given]
    outputs, last = ours(tensors, noise)
    loss = tf.reduce_sum(outputs * weights) - tf.reduce_sum(last)

    def value(arrays):
        outputs, last = expected(arrays, noise)
        return np.sum(outputs * weights) - np.sum(last)

    for position, gradient in enumerate(evaluate(tf.gradients(loss, tensors))):
        direction = np.random.RandomState(2 + position).randn(*given[position].shape)
        above, below = (
            value(given[:position] + [given[position] + step * direction] + given[position + 1 :])
            for step in (1e-6, -1e-6)
        )
        assert np.sum(gradient * direction) == pytest.approx((above - below) / 2e-6, rel=1e-6), position


@pytest.mark.parametrize("target", [0, 1], ids=["outputs", "state"])
def test_a_loss_on_one_result_alone_has_the_plain_graphs_gradients(form, target):
    tensors = [tf.constant(array) for array in arrays()]
    losses = [tf.reduce_sum(tf.square(layer(tensors)[target])) for layer in (ours, plain)]
    for value, right in zip(*evaluate([tf.gradients(loss, tensors) for loss in losses])):
        np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12)


def test_time_and_batch_may_be_known_only_when_it_runs():
    given = arrays()
    placeholders = [tf.placeholder(tf.float64, [None, None, INPUT]), tf.placeholder(tf.float64, [None, UNITS])]
    noise = [tf.placeholder(tf.float64, [None, width]) for width in (INPUT, UNITS)]
    fetches = with_gradients(ours, placeholders + [tf.constant(each) for each in given[2:]], noise)
    for time, batch in [(TIME, BATCH), (1, 1), (9, 2)]:
        sized = arrays(time, batch)[:2] + given[2:]
        feeds = dict(zip(placeholders + noise, sized[:2] + noises(batch)))
        rights = evaluate(with_gradients(plain, [tf.constant(each) for each in sized], noises(batch)))
        for value, right in zip(evaluate(fetches, feeds), rights):
            np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12)


def test_the_state_begins_at_zero_also_where_the_batch_is_unknown(form):
    given = arrays()
    placeholder = tf.placeholder(tf.float64, [TIME, None, INPUT])
    got = evaluate(rhn(placeholder, *weights_of(given[2:])), {placeholder: given[0]})
    given[1] = np.zeros_like(given[1])
    for value, right in zip(got, expected(given)):
        np.testing.assert_allclose(value, right, rtol=1e-12)


def test_shapes_are_known_while_building(form):
    outputs, last = ours([tf.constant(each) for each in arrays()])
    assert (outputs.shape.as_list(), last.shape.as_list()) == ([TIME, BATCH, UNITS], [BATCH, UNITS])


def test_a_deep_network_runs_in_a_loop_where_its_cells_would_swell_the_graph(graph, monkeypatch):
    monkeypatch.setattr(recurrence, "LONGEST_UNROLLED", TIME * DEPTH - 1)
    with_gradients(ours, [tf.constant(each) for each in arrays()], noises())
    products = [operation for operation in graph.get_operations() if operation.type == "MatMul"]
    assert len(products) <= 2 * (DEPTH + 1) + DEPTH  # those of the loop's body may lie in a function of their own


def test_weights_are_variables_that_learn(form):
    given = [each.astype(np.float32) for each in arrays()]
    made = given[:2] + [variable("w{}".format(number), each) for number, each in enumerate(given[2:])]
    target = np.tanh(np.random.RandomState(3).randn(TIME, BATCH, UNITS)).astype(np.float32)
    loss = tf.reduce_mean(tf.square(ours(made)[0] - target))
    update = tf.train.GradientDescentOptimizer(0.3).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        before = session.run(loss)
        for _ in range(20):
            session.run(update)
        assert session.run(loss) < 0.7 * before


def test_the_unrolled_graph_multiplies_each_cell_once_per_step_and_the_weights_gradients_once(graph):
    tensors = [tf.constant(each) for each in arrays()]
    with_gradients(ours, tensors, noises())
    products = [operation for operation in graph.get_operations() if operation.type == "MatMul"]
    # Ahead: a cell per step and the inputs at once; back: the same, and a gradient for each cell's weights.
    assert len(products) == 2 * (TIME * DEPTH + 1) + DEPTH


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({0: np.zeros([BATCH, INPUT])}, r"have shape \[3, 7\]; \[time, batch, input size\] is needed"),
        ({1: np.zeros([BATCH, UNITS + 1])}, r"the initial state has shape \[3, 5\]; this layer needs \[3, 4\]"),
        (
            {2: np.zeros([UNITS, UNITS])},
            r"h_0 .* width 7 needs a matrix \[11, 4\] and a bias \[4\]; these are",
        ),
        ({9: np.zeros([UNITS + 1])}, r"t_1 .* needs a matrix \[4, 4\] and a bias \[4\]; these are \[4, 4\] and \[5\]"),
        ({4: np.zeros([INPUT + UNITS, UNITS + 1])}, r"t_0 .* these are \[11, 5\] and \[4\]"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(change, sentence):
    given = arrays()
    for position, array in change.items():
        given[position] = array
    with pytest.raises(UserError, match=sentence):
        ours([tf.constant(each) for each in given])


def test_noise_of_another_width_and_unequal_depths_are_refused():
    given = [tf.constant(each) for each in arrays()]
    with pytest.raises(UserError, match=r"the noise_h has shape \[3, 7\]; this layer needs \[3, 4\]"):
        ours(given, (None, tf.constant(noises()[0])))
    h_weights, t_weights = weights_of(given[2:])
    with pytest.raises(UserError, match="as many weights for h as for t, one at least; these are 3 and 2"):
        rhn(given[0], h_weights, t_weights[:2])


@pytest.mark.parametrize("depth", [1, DEPTH])
def test_inputs_that_are_projected_beforehand_give_the_same_layer(form, depth):
    given = arrays(depth=depth)
    inputs, state, *flat = (tf.constant(array) for array in given)
    weights = weights_of(flat)
    projected = project(tf.reshape(inputs, [-1, INPUT]), *weights)
    places = tf.constant(np.arange(TIME * BATCH).reshape(TIME, BATCH))
    outputs, last = rhn_of_projected(projected, places, *weights, initial_state=state)
    assert outputs.shape.as_list() == [TIME, BATCH, UNITS]
    for found, right in zip(evaluate([outputs, last]), expected(given)):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12)
