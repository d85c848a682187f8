"""The language model against plain numpy, TensorFlow's own cells and the paper's counts."""

import numpy as np
import pytest

from ptb import model, variables
from ptb.config import Experiment
from sparse_rnn import cost, groups
from sparse_rnn.compat import static_shape, tf, variables_by_name
from sparse_rnn.lstm import LSTMState
from sparse_rnn.training import config, dropout
from sparse_rnn.training.language import likelihood
from tests import reference

WORDS = 11
BATCH, STEPS = 3, 4
CELL = "Model/RNN/multi_rnn_cell/cell_{}/basic_lstm_cell/{}"


def options(**keys):
    keys = dict({"hidden_sizes": [7, 5], "embedding_size": 6, "forget_bias": 0.5, "init_scale": 0.7}, **keys)
    return config.from_dict(Experiment, {"model": keys}, "test").model


def random_state(sizes, seed=0):
    chance = np.random.RandomState(seed)
    return [LSTMState(*chance.randn(2, BATCH, size).astype(np.float32)) for size in sizes]


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def numpy_logits(words, state, arrays, forget_bias):
    """``[T, B, V]`` and the last states."""
    outputs, last = arrays[variables.EMBEDDING][words.T], []
    for layer, (c, h) in enumerate(state):
        weights = arrays[variables.kernel(layer)], arrays[variables.bias(layer)]
        outputs, after = reference.lstm(outputs, *weights, state=(c, h), forget_bias=forget_bias)
        last.append(after)
    return outputs @ arrays[variables.SOFTMAX_W] + arrays[variables.SOFTMAX_B], last


@pytest.mark.parametrize("sizes, embedding", [([7, 5], 6), ([4], 9), ([3, 8, 2], 3)])
def test_logits_states_and_loss_are_those_of_numpy(graph, sizes, embedding):
    chosen = options(hidden_sizes=sizes, embedding_size=embedding)
    chance = np.random.RandomState(4)
    words, targets = chance.randint(WORDS, size=[2, BATCH, STEPS])
    state = random_state(sizes)
    weights = model.weights(chosen, WORDS, seed=2)
    logits, last = model.logits(tf.constant(words, tf.int32), state, weights, chosen)
    loss = likelihood.negative_log_likelihood(logits, tf.constant(targets, tf.int32))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for layer, bias in enumerate(weights.biases):
            bias.load(np.random.RandomState(layer).randn(*static_shape(bias)), session)
        arrays = session.run(variables_by_name())
        found, found_last, found_loss = session.run([logits, last, loss])
    expected, expected_last = numpy_logits(words, state, arrays, chosen.forget_bias)
    assert found.shape == (STEPS * BATCH, WORDS)
    np.testing.assert_allclose(found, expected.reshape(-1, WORDS), atol=2e-5)
    for one, other in zip(found_last, expected_last):
        np.testing.assert_allclose(one, other, atol=2e-5)
    chosen_words = np.take_along_axis(log_softmax(expected), targets.T[:, :, np.newaxis], axis=2)
    assert found_loss == pytest.approx(-chosen_words.sum(), rel=1e-5)


def test_variables_have_the_names_and_shapes_of_tensorflows_cells(graph):
    model.weights(options(), WORDS)
    assert {name: tuple(static_shape(variable)) for name, variable in variables_by_name().items()} == {
        "Model/embedding": (WORDS, 6),
        CELL.format(0, "kernel"): (6 + 7, 28),
        CELL.format(0, "bias"): (28,),
        CELL.format(1, "kernel"): (7 + 5, 20),
        CELL.format(1, "bias"): (20,),
        "Model/softmax_w": (5, WORDS),
        "Model/softmax_b": (WORDS,),
    }


@pytest.mark.skipif(not tf.version.VERSION.startswith("1."), reason="TensorFlow 2 has no such cells without Keras")
def test_tensorflows_own_cells_make_the_same_variables_and_the_same_outputs(graph):
    chosen = options(embedding_size=7, hidden_sizes=[7, 5])
    words = np.random.RandomState(4).randint(WORDS, size=[BATCH, STEPS])
    state = random_state([7, 5])
    with tf.variable_scope("Model", initializer=tf.random_uniform_initializer(-1, 1, seed=3)):
        inputs = tf.nn.embedding_lookup(tf.get_variable("embedding", [WORDS, 7]), words)
        cells = [tf.nn.rnn_cell.BasicLSTMCell(size, forget_bias=chosen.forget_bias) for size in (7, 5)]
        stacked, outputs = tf.nn.rnn_cell.MultiRNNCell(cells), []
        theirs = tuple(tf.nn.rnn_cell.LSTMStateTuple(*(tf.constant(part) for part in each)) for each in state)
        with tf.variable_scope("RNN"):
            for step in range(STEPS):
                output, theirs = stacked(inputs[:, step], theirs)
                outputs.append(output)
        softmax = tf.get_variable("softmax_w", [5, WORDS]), tf.get_variable("softmax_b", [WORDS])
        expected = tf.matmul(tf.concat(outputs, axis=0), softmax[0]) + softmax[1]
    made = variables_by_name()
    wanted = variables.shapes(chosen, WORDS)
    assert {name: tuple(static_shape(variable)) for name, variable in made.items()} == wanted
    weights = model.Weights(
        made[variables.EMBEDDING],
        [made[variables.kernel(layer)] for layer in range(2)],
        [made[variables.bias(layer)] for layer in range(2)],
        made[variables.SOFTMAX_W],
        made[variables.SOFTMAX_B],
    )
    logits, _ = model.logits(tf.constant(words, tf.int32), state, weights, chosen)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, reference_logits = session.run([logits, expected])
    np.testing.assert_allclose(found, reference_logits, atol=2e-5)


def test_initial_weights_are_a_function_of_seed_and_name():
    def initial(seed, **keys):
        with tf.Graph().as_default(), tf.Session() as session:
            model.weights(options(**keys), WORDS, seed)
            session.run(tf.global_variables_initializer())
            return session.run(variables_by_name())

    one, again, other = initial(1), initial(1, hidden_sizes=[7, 5, 4]), initial(2)
    assert (one[variables.EMBEDDING] == again[variables.EMBEDDING]).all()
    assert (one[variables.kernel(1)] == again[variables.kernel(1)]).all()
    assert (one[variables.EMBEDDING] != other[variables.EMBEDDING]).all()
    assert not (one[variables.kernel(1)] == 0).any() and (one[variables.bias(1)] == 0).all()
    everything = np.concatenate([array.ravel() for name, array in one.items() if not name.endswith("/bias")])
    assert 0.65 < np.abs(everything).max() <= 0.7 and abs(everything.mean()) < 0.05


def test_dropout_acts_on_the_words_and_on_each_layers_output_never_on_the_state(graph):
    chosen, places = options(), []

    def record(tensor, place):
        places.append((place, static_shape(tensor)))
        return tf.zeros_like(tensor)

    words = tf.zeros([BATCH, STEPS], tf.int32)
    weights = model.weights(chosen, WORDS)
    logits, last = model.logits(words, random_state([7, 5]), weights, chosen, record)
    assert places == [(0, [STEPS, BATCH, 6]), (1, [STEPS, BATCH, 7]), (2, [STEPS, BATCH, 5])]
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        scores, bias, states = session.run([logits, weights.softmax_b, last])
    np.testing.assert_allclose(scores, np.tile(bias, [BATCH * STEPS, 1]), rtol=1e-6)
    assert all((part != 0).all() for state in states for part in state)


def test_dropout_of_one_step_is_the_same_in_two_graphs():
    def scores(step):
        with tf.Graph().as_default(), tf.Session() as session:
            masks = dropout.by_step(0.5, 1, tf.constant(step))
            words = tf.zeros([BATCH, STEPS], tf.int32)
            logits, _ = model.logits(words, random_state([7, 5]), model.weights(options(), WORDS), options(), masks)
            session.run(tf.global_variables_initializer())
            return session.run(logits)

    assert (scores(3) == scores(3)).all() and (scores(3) != scores(4)).any()


def test_the_structure_fits_the_graph_and_owns_every_row_and_column_of_the_recurrent_part(graph):
    chosen = options(hidden_sizes=[7, 5, 4])
    model.weights(chosen, WORDS)
    model.carried_state(chosen, BATCH, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
    shapes = {variable.op.name: tuple(static_shape(variable)) for variable in tf.global_variables()}
    structure = model.structure(chosen)
    groups.check(structure, shapes)
    assert [(group.name, group.size) for group in structure] == [
        ("lstm_0", 7),
        ("lstm_1", 5),
        ("lstm_2", 4),
        ("embedding", 6),
    ]
    owned = {}
    for group in structure:
        for part in group.slices:
            owned.setdefault((part.variable, part.axis), []).extend(part.indices(group.size))
    for layer in range(3):
        for axis, length in enumerate(shapes[variables.kernel(layer)]):
            assert sorted(owned[variables.kernel(layer), axis]) == list(range(length))
        assert sorted(owned[variables.bias(layer), 0]) == list(range(shapes[variables.bias(layer)][0]))
    states = [name for name in shapes if "/state/" in name]
    assert len(states) == 6 and all((name, 1) in owned for name in states)


@pytest.mark.parametrize(
    "sizes, weights, multiply_adds",
    [((1500, 1500), 66022000, 51000000), ((373, 315), 21824148, None), ((381, 535), None, None)],
)
def test_the_counts_are_the_papers(sizes, weights, multiply_adds):
    chosen = options(hidden_sizes=list(sizes), embedding_size=1500)
    shapes = variables.shapes(chosen, 10000)
    found = cost.multiply_adds(shapes, model.structure(chosen))
    if weights:
        assert cost.weight_count(shapes) == weights
    if multiply_adds:
        assert found == multiply_adds
    reduction = {(1500, 1500): 1.0, (373, 315): 7.487, (381, 535): 5.011}[sizes]
    assert round(51000000 / found, 3) == reduction
