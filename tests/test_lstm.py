import numpy as np
import pytest

from sparse_rnn import recurrence
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.lstm import LSTMState, lstm, lstm_of_projected, project
from tests import reference
from tests.graphs import HAS_OWN_CELLS, NO_OWN_CELLS, evaluate, session, variable

TIME, BATCH, INPUT, UNITS = 5, 3, 7, 4
LENGTHS = [3, 5, 0]
ARGUMENTS = ("inputs", "kernel", "bias", "c", "h")

pytestmark = pytest.mark.usefixtures("graph")


@pytest.fixture(params=["unrolled", "loop"])
def form(request, monkeypatch):
    """Runs a test with the time steps unrolled into the graph, and again in a loop."""
    monkeypatch.setattr(recurrence, "LONGEST_UNROLLED", 64 if request.param == "unrolled" else 0)
    return request.param


def arrays(time=TIME, batch=BATCH, dtype=np.float64):
    random = np.random.RandomState(time)
    shapes = [(time, batch, INPUT), (INPUT + UNITS, 4 * UNITS), (4 * UNITS,), (batch, UNITS), (batch, UNITS)]
    return [random.randn(*shape).astype(dtype) for shape in shapes]


def expected(inputs, kernel, bias, c, h, forget_bias=1.0, lengths=None):
    """The numpy reference, each sequence alone for as long as it lasts."""
    outputs = np.zeros(inputs.shape[:2] + c.shape[1:])
    last_c, last_h = c.copy(), h.copy()
    for row, length in enumerate(lengths or [len(inputs)] * inputs.shape[1]):
        if length:
            one = slice(row, row + 1)
            outputs[:length, one], (last_c[one], last_h[one]) = reference.lstm(
                inputs[:length, one], kernel, bias, (c[one], h[one]), forget_bias
            )
    return outputs, last_c, last_h


def plain(inputs, kernel, bias, state, forget_bias=1.0, sequence_length=None):
    """The layer as TensorFlow's own differentiation sees it: one step after the other."""
    c, h = state
    outputs = []
    for time, x in enumerate(tf.unstack(inputs)):
        i, j, f, o = tf.split(tf.matmul(tf.concat([x, h], 1), kernel) + bias, 4, axis=1)
        new_c = tf.sigmoid(f + forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        new_h = tf.sigmoid(o) * tf.tanh(new_c)
        if sequence_length is None:
            c, h, output = new_c, new_h, new_h
        else:
            runs = tf.tile(tf.less(time, sequence_length)[:, tf.newaxis], [1, UNITS])
            c, h = tf.where(runs, new_c, c), tf.where(runs, new_h, h)
            output = tf.where(runs, new_h, tf.zeros_like(new_h))
        outputs.append(output)
    return tf.stack(outputs), (c, h)


def loss_of(outputs, state):
    """A scalar that depends on every output and on both last states, on each in a way of its own."""
    weights = tf.cast(tf.sin(tf.range(tf.cast(tf.size(outputs), tf.float32))), outputs.dtype)
    weighted = tf.reduce_sum(tf.reshape(weights, tf.shape(outputs)) * tf.square(outputs))
    return weighted + tf.reduce_sum(tf.sin(state[0])) + tf.reduce_sum(tf.square(state[1]) * state[1])


def with_gradients(layer, tensors, **options):
    inputs, kernel, bias, c, h = tensors
    outputs, state = layer(inputs, kernel, bias, (c, h), **options)
    return [outputs, state[0], state[1]] + tf.gradients(loss_of(outputs, state), tensors)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize("forget_bias", [0.0, 0.7])
def test_outputs_and_states_equal_the_numpy_reference(form, lengths, forget_bias):
    given = arrays()
    outputs, state = lstm(*given[:3], given[3:], forget_bias, lengths)
    got = evaluate([outputs, state.c, state.h])
    for value, right in zip(got, expected(*given, forget_bias=forget_bias, lengths=lengths)):
        np.testing.assert_allclose(value, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("time, lengths", [(TIME, None), (TIME, LENGTHS), (1, None), (1, [1, 0, 1])])
def test_outputs_states_and_gradients_equal_the_plain_unrolled_graph(form, time, lengths):
    tensors = [tf.constant(array) for array in arrays(time)]
    options = {"forget_bias": 0.7, "sequence_length": lengths}
    ours, plains = evaluate([with_gradients(layer, tensors, **options) for layer in (lstm, plain)])
    for name, value, right in zip(("outputs", "last c", "last h") + ARGUMENTS, ours, plains):
        np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12, err_msg=name)
        assert np.abs(right).max() > 1e-3


def test_gradients_equal_finite_differences_of_the_numpy_reference(form):
    given = arrays()
    weights = np.random.RandomState(1).randn(TIME, BATCH, UNITS)
    tensors = [tf.constant(array) for array in given]
    outputs, state = lstm(*tensors[:3], tensors[3:], sequence_length=LENGTHS)
    loss = tf.reduce_sum(outputs * weights) + tf.reduce_sum(state.c) - tf.reduce_sum(state.h)

    def value(arrays):
        outputs, c, h = expected(*arrays, lengths=LENGTHS)
        return np.sum(outputs * weights) + np.sum(c) - np.sum(h)

    for position, gradient in enumerate(evaluate(tf.gradients(loss, tensors))):
        direction = np.random.RandomState(2 + position).randn(*given[position].shape)
        above, below = (
            value(given[:position] + [given[position] + step * direction] + given[position + 1 :])
            for step in (1e-6, -1e-6)
        )
        slope = (above - below) / 2e-6
        assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-6), ARGUMENTS[position]


@pytest.mark.parametrize("target", ["outputs", "c", "h"])
def test_a_loss_on_one_result_alone_has_the_plain_graphs_gradients(form, target):
    tensors = [tf.constant(array) for array in arrays()]
    gradients = []
    for layer in (lstm, plain):
        outputs, state = layer(*tensors[:3], tensors[3:])
        result = {"outputs": outputs, "c": state[0], "h": state[1]}[target]
        gradients.append(tf.gradients(tf.reduce_sum(tf.square(result)), tensors))
    for value, right in zip(*evaluate(gradients)):
        np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_time_and_batch_may_be_known_only_when_it_runs(lengths):
    shapes = [[None, None, INPUT], None, None, [None, UNITS], [None, UNITS]]
    tensors = [
        tf.constant(array) if shape is None else tf.placeholder(tf.float64, shape)
        for shape, array in zip(shapes, arrays())
    ]
    fetches = with_gradients(lstm, tensors, sequence_length=lengths)
    sizes = [(TIME, BATCH), (2, BATCH)] if lengths else [(TIME, BATCH), (1, 1), (9, 2)]
    for time, batch in sizes:
        inputs, _, _, c, h = arrays(time, batch)
        feeds = {tensors[0]: inputs, tensors[3]: c, tensors[4]: h}
        known = [tf.constant(inputs), tensors[1], tensors[2], tf.constant(c), tf.constant(h)]
        rights = evaluate(with_gradients(plain, known, sequence_length=lengths))
        for value, right in zip(evaluate(fetches, feeds), rights):
            np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12)


def test_the_state_begins_at_zero_also_where_the_batch_is_unknown(form):
    inputs, kernel, bias, c, h = arrays()
    placeholder = tf.placeholder(tf.float64, [TIME, None, INPUT])
    outputs, state = lstm(placeholder, kernel, bias)
    got = evaluate([outputs, state.c, state.h], {placeholder: inputs})
    for value, right in zip(got, expected(inputs, kernel, bias, 0 * c, 0 * h)):
        np.testing.assert_allclose(value, right, rtol=1e-12)


def test_known_sizes_are_known_of_the_results(form):
    outputs, state = lstm(*(tf.constant(array) for array in arrays()[:3]))
    assert isinstance(state, LSTMState)
    assert outputs.shape.as_list() == [TIME, BATCH, UNITS]
    assert state.c.shape.as_list() == state.h.shape.as_list() == [BATCH, UNITS]


def test_only_a_sequence_longer_than_the_limit_is_a_loop():
    for time, unrolled in [(recurrence.LONGEST_UNROLLED, True), (recurrence.LONGEST_UNROLLED + 1, False)]:
        with tf.Graph().as_default() as graph:
            given = arrays(time)
            outputs, _ = lstm(*given[:3], given[3:])
            assert (sum(op.type == "MatMul" for op in graph.get_operations()) >= time) == unrolled
            np.testing.assert_allclose(evaluate(outputs), expected(*given)[0], rtol=1e-9, atol=1e-10)


def test_a_single_step_takes_its_kernel_whole():
    inputs, kernel, bias = (tf.constant(array) for array in arrays(time=1)[:3])
    lstm(inputs, kernel, bias)
    products = [each for each in tf.get_default_graph().get_operations() if each.type == "MatMul"]
    assert [each.inputs[1].shape.as_list() for each in products] == [[INPUT + UNITS, 4 * UNITS]]


def test_no_time_steps_leave_the_state_as_it_was():
    _, kernel, bias, c, h = arrays()
    unknown = tf.placeholder(tf.float64, [None, BATCH, INPUT])
    for inputs, feeds in [(np.zeros([0, BATCH, INPUT]), {}), (unknown, {unknown: np.zeros([0, BATCH, INPUT])})]:
        outputs, state = lstm(inputs, kernel, bias, (c, h))
        got, last_c, last_h = evaluate([outputs, state.c, state.h], feeds)
        assert got.shape == (0, BATCH, UNITS)
        np.testing.assert_array_equal(last_c, c)
        np.testing.assert_array_equal(last_h, h)


def test_the_lengths_may_come_from_a_variable(form):
    given = arrays()
    lengths = tf.get_variable("lengths", initializer=LENGTHS, trainable=False)
    outputs, _ = lstm(*given[:3], given[3:], sequence_length=lengths)
    np.testing.assert_allclose(evaluate(outputs), expected(*given, lengths=LENGTHS)[0], rtol=1e-12, atol=1e-13)


@pytest.mark.skipif(not HAS_OWN_CELLS, reason=NO_OWN_CELLS)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_it_is_tensorflows_basic_lstm_cell(form, lengths):
    inputs, kernel, bias, c, h = arrays()
    given = tf.constant(inputs)
    start = tf.nn.rnn_cell.LSTMStateTuple(tf.constant(c), tf.constant(h))
    cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=0.7)
    with tf.variable_scope("theirs"):
        if form == "loop":
            outputs, state = tf.nn.dynamic_rnn(cell, given, lengths, start, time_major=True)
        else:
            steps, state = tf.nn.static_rnn(cell, tf.unstack(given), start, sequence_length=lengths)
            outputs = tf.stack(steps)
    weights = tf.trainable_variables()
    assert [one.op.name.rpartition("/")[2] for one in weights] == ["kernel", "bias"]
    sources = [given] + weights + [start.c, start.h]
    theirs = [outputs, state.c, state.h] + tf.gradients(loss_of(outputs, state), sources)
    outputs, state = lstm(given, *weights, start, 0.7, lengths)
    ours = [outputs, state.c, state.h] + tf.gradients(loss_of(outputs, state), sources)
    with session() as running:
        for one, array in zip(weights, (kernel, bias)):
            one.load(array, running)
        for value, right in zip(*running.run([ours, theirs])):
            np.testing.assert_allclose(value, right, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("use_resource", [True, False])
def test_it_learns_to_recall_the_first_of_five_inputs(form, use_resource):
    random = np.random.RandomState(0)
    inputs = random.randn(TIME, 32, INPUT).astype(np.float32)
    labels = (inputs[0, :, 2] > 0).astype(np.int32)
    kernel = variable("kernel", random.randn(INPUT + UNITS, 4 * UNITS).astype(np.float32) * 0.1, use_resource)
    bias = variable("bias", np.zeros(4 * UNITS, np.float32), use_resource)
    softmax_w = variable("softmax_w", random.randn(UNITS, 2).astype(np.float32) * 0.1, use_resource)
    _, state = lstm(inputs, kernel, bias)
    logits = tf.matmul(state.h, softmax_w)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    train_op = tf.train.AdamOptimizer(0.05).minimize(loss)
    with session() as running:
        first = running.run(loss)
        for _ in range(60):
            running.run(train_op)
        assert running.run(loss) < 0.2 * first


def shaped(*shape):
    return np.zeros(shape)


@pytest.mark.parametrize(
    "inputs, kernel, bias, sentence",
    [
        (shaped(5, 7), shaped(11, 16), shaped(16), r"inputs have shape \[5, 7\]; \[time, batch, input size\]"),
        (shaped(5, 3, 7), shaped(7, 16), shaped(16), r"needs a kernel \[7 \+ n, 4n\] and a bias \[4n\]"),
        (shaped(5, 3, 7), shaped(11, 12), shaped(12), r"these are \[11, 12\] and \[12\]"),
        (shaped(5, 3, 7), shaped(11, 16), shaped(4), r"these are \[11, 16\] and \[4\]"),
        (shaped(5, 3, 7), shaped(176), shaped(16), r"these are \[176\] and \[16\]"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(inputs, kernel, bias, sentence):
    with pytest.raises(UserError, match=sentence):
        lstm(inputs, kernel, bias)


def test_a_width_or_kernel_that_is_not_known_while_building_is_refused():
    _, kernel, bias, _, _ = arrays()
    for shape in ([TIME, BATCH, None], None):
        with pytest.raises(UserError, match="LSTM inputs have shape"):
            lstm(tf.placeholder(tf.float64, shape), kernel, bias)
    with pytest.raises(UserError, match="needs a kernel"):
        lstm(shaped(TIME, BATCH, INPUT), tf.placeholder(tf.float64, [None, 4 * UNITS]), bias)


@pytest.mark.parametrize("shape", [(BATCH, UNITS + 1), (BATCH + 1, UNITS), (UNITS,)])
def test_an_initial_state_of_another_shape_is_refused(shape):
    inputs, kernel, bias, c, _ = arrays()
    with pytest.raises(UserError, match=r"initial state .*needs \[3, 4\] each"):
        lstm(inputs, kernel, bias, (c, np.zeros(shape)))


def test_inputs_that_are_projected_beforehand_give_the_same_layer(form):
    given = arrays()
    inputs, kernel, bias, c, h = (tf.constant(array) for array in given)
    projected = project(tf.reshape(inputs, [-1, INPUT]), kernel, bias, 0.5)
    places = tf.constant(np.arange(TIME * BATCH).reshape(TIME, BATCH))
    outputs, last = lstm_of_projected(projected, places, kernel, LSTMState(c, h))
    assert outputs.shape.as_list() == [TIME, BATCH, UNITS]
    for found, right in zip(evaluate([outputs, *last]), expected(*given, forget_bias=0.5)):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12)
