import numpy as np
import pytest

from sparse_rnn import freezing, iss
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from tests.graphs import session, variable

INPUT, UNITS, CLASSES, WORDS = 5, 3, 7, 11
ZERO_UNITS = [0, 2]

OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "adam": lambda: tf.train.AdamOptimizer(0.1),
}

pytestmark = pytest.mark.usefixtures("graph")


def masked(optimizer, grads_and_vars, mode, structure=None):
    return optimizer.apply_gradients(freezing.mask(grads_and_vars, mode, structure))


#: Ways to train with frozen zeros: a name, and a function of (gradients, mode, structure) that gives a train op.
WAYS = [("mask", "sgd")] + [("apply_gradients", name) for name in sorted(OPTIMIZERS)]


def arrays():
    """One LSTM over an embedding; of its units 0 and 2 every penalised weight is zero, of the rest some are."""
    random = np.random.RandomState(0)
    shapes = {
        "embedding": (WORDS, INPUT),
        "kernel": (INPUT + UNITS, 4 * UNITS),
        "bias": (4 * UNITS,),
        "softmax_w": (UNITS, CLASSES),
    }
    weights = {name: random.randn(*shape).astype(np.float32) for name, shape in shapes.items()}
    for unit in ZERO_UNITS:
        weights["kernel"][:, unit::UNITS] = 0.0
        weights["kernel"][INPUT + unit] = 0.0
        weights["softmax_w"][unit] = 0.0
    weights["kernel"][1, 1] = weights["softmax_w"][1, 4] = 0.0
    weights["embedding"][[2, 5]] = 0.0
    weights["embedding"][3, 1] = 0.0
    weights["bias"][UNITS : 2 * UNITS] = 0.0
    return weights


def layer(kernel="kernel", bias="bias"):
    return iss.lstm_units("lstm", kernel, bias, INPUT, UNITS, [iss.Consumer("softmax_w")])


def model(weights, use_resource=True):
    """Variables, and gradients that are nowhere zero; the embedding's come by rows, some rows twice."""
    variables = {name: variable(name, array, use_resource) for name, array in weights.items()}
    words = tf.constant([2, 3, 3, 7, 5])
    looked_up = tf.nn.embedding_lookup(variables["embedding"], words)
    losses = [
        tf.reduce_sum(each - 0.5 * tf.square(each - 9.0)) for name, each in variables.items() if name != "embedding"
    ]
    loss = tf.add_n(losses) + tf.reduce_sum(looked_up - 0.5 * tf.square(looked_up - 9.0))
    grads_and_vars = tf.train.GradientDescentOptimizer(1.0).compute_gradients(-loss, list(variables.values()))
    assert isinstance(grads_and_vars[0][0], tf.IndexedSlices)
    return variables, grads_and_vars


def train(way, weights, grads_and_vars, variables, mode, structure=None, runs=5, before=0):
    """The arrays after ``runs`` runs; ``before`` runs without freezing give the optimiser momentum first."""
    form, name = way
    optimizer = OPTIMIZERS[name]()
    free = optimizer.apply_gradients(grads_and_vars)
    apply = masked if form == "mask" else freezing.apply_gradients
    train_op = apply(optimizer, grads_and_vars, mode, structure=structure)
    with session() as running:
        for _ in range(before):
            running.run(free)
        for name, array in weights.items():
            variables[name].load(array, running)
        for _ in range(runs):
            running.run(train_op)
        return running.run(variables)


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_elements_that_are_zero_stay_exactly_zero_and_the_others_move(way, use_resource):
    weights = arrays()
    variables, grads_and_vars = model(weights, use_resource)
    after = train(way, weights, grads_and_vars, variables, "element", before=3)
    for name in ("kernel", "softmax_w"):
        np.testing.assert_array_equal(after[name] == 0, weights[name] == 0)
        assert np.all((after[name] != weights[name]) == (weights[name] != 0))
    np.testing.assert_array_equal(after["embedding"] == 0, weights["embedding"] == 0)
    looked_up = weights["embedding"][[3, 7]]
    assert np.all((after["embedding"][[3, 7]] != looked_up) == (looked_up != 0))


@pytest.mark.parametrize("way", WAYS)
def test_biases_at_zero_move_in_element_mode(way):
    weights = arrays()
    variables, grads_and_vars = model(weights)
    after = train(way, weights, grads_and_vars, variables, "element")
    assert np.all(after["bias"] != weights["bias"])


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_zero_units_hold_with_their_biases_and_live_units_move(way, use_resource):
    weights = arrays()
    variables, grads_and_vars = model(weights, use_resource)
    after = train(way, weights, grads_and_vars, variables, "group", [layer()], before=3)
    held = {name: np.zeros(array.shape, bool) for name, array in weights.items()}
    for unit in ZERO_UNITS:
        held["kernel"][:, unit::UNITS] = True
        held["kernel"][INPUT + unit] = True
        held["bias"][unit::UNITS] = True
        held["softmax_w"][unit] = True
    for name in ("kernel", "bias", "softmax_w"):
        np.testing.assert_array_equal(after[name] == weights[name], held[name], err_msg=name)
    assert np.all(after["embedding"][[2, 3, 5, 7]] != weights["embedding"][[2, 3, 5, 7]])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", freezing.MODES)
def test_where_nothing_is_zero_freezing_changes_nothing(way, mode):
    weights = {name: array + np.float32(5.0) for name, array in arrays().items()}
    variables, grads_and_vars = model(weights)
    free = OPTIMIZERS[way[1]]().apply_gradients(grads_and_vars)
    with session() as running:
        for _ in range(5):
            running.run(free)
        right = running.run(variables)
    after = train(way, weights, grads_and_vars, variables, mode, [layer()])
    for name, array in right.items():
        np.testing.assert_array_equal(after[name], array)


def test_input_units_hold_whole_embedding_columns_under_gradients_by_rows():
    weights = arrays()
    weights["embedding"][:, 1] = 0.0
    weights["kernel"][1] = 0.0
    variables, grads_and_vars = model(weights)
    group = iss.input_units("embedding", "embedding", INPUT, [iss.Consumer("kernel")])
    after = train(("apply_gradients", "adam"), weights, grads_and_vars, variables, "group", [group], before=2)
    assert np.all(after["embedding"][:, 1] == 0)
    assert np.all(after["kernel"][1] == 0)
    assert np.all(
        after["embedding"][[2, 3, 5, 7]][:, [0, 2, 3, 4]] != weights["embedding"][[2, 3, 5, 7]][:, [0, 2, 3, 4]]
    )


def test_the_old_spelling_in_a_structure_freezes_the_same_weights():
    weights = arrays()
    variables, grads_and_vars = model(weights)
    now, old = (
        train(("mask", "sgd"), weights, grads_and_vars, variables, "group", [structure])
        for structure in (layer(), layer("weights", "biases"))
    )
    for name, array in now.items():
        np.testing.assert_array_equal(array, old[name])


def test_masking_stops_what_plain_momentum_would_move():
    weights = arrays()
    variables, grads_and_vars = model(weights)
    optimizer = OPTIMIZERS["adam"]()
    free = optimizer.apply_gradients(grads_and_vars)
    only_masked = masked(optimizer, grads_and_vars, "element")
    with session() as running:
        running.run(free)
        variables["kernel"].load(weights["kernel"], running)
        running.run(only_masked)
        assert np.all(running.run(variables["kernel"])[weights["kernel"] == 0] != 0)


def test_a_weight_that_becomes_zero_later_is_held_from_then_on():
    weight = variable("w", np.float32([[0.3, 1.0], [2.0, 0.0]]))
    gradient = tf.ones([2, 2])
    train_op = freezing.apply_gradients(OPTIMIZERS["momentum"](), [(gradient, weight)], "element")
    with session() as running:
        weight.load(np.float32([[0.0, 1.0], [2.0, 0.0]]), running)
        for _ in range(3):
            running.run(train_op)
        np.testing.assert_array_equal(running.run(weight) == 0, [[True, False], [False, True]])


def test_the_global_step_counts_and_pairs_without_a_gradient_pass():
    weights = arrays()
    variables, grads_and_vars = model(weights)
    unused = variable("unused", np.ones([2, 3], np.float32))
    pairs = grads_and_vars + [(None, unused)]
    assert freezing.mask(pairs, "element")[-1] == (None, unused)
    step = tf.train.get_or_create_global_step()
    train_op = freezing.apply_gradients(OPTIMIZERS["sgd"](), pairs, "group", [layer()], global_step=step)
    with session() as running:
        running.run(train_op)
        running.run(train_op)
        assert running.run(step) == 2
        np.testing.assert_array_equal(running.run(unused), 1.0)


def test_units_hold_where_only_some_of_their_variables_are_trained():
    weights = arrays()
    variables, grads_and_vars = model(weights)
    only_kernel = [(gradient, one) for gradient, one in grads_and_vars if one is variables["kernel"]]
    after = train(("apply_gradients", "adam"), weights, only_kernel, variables, "group", [layer()])
    kernel = weights["kernel"].copy()
    for unit in ZERO_UNITS:
        assert np.all(after["kernel"][:, unit::UNITS] == 0)
        assert np.all(after["kernel"][INPUT + unit] == 0)
    assert np.all((after["kernel"] != kernel)[[0, 1, 2, 3, 4, INPUT + 1], 1])
    np.testing.assert_array_equal(after["softmax_w"], weights["softmax_w"])


def test_an_unknown_mode_is_refused_with_the_nearest():
    _, grads_and_vars = model(arrays())
    with pytest.raises(UserError, match="freezing: there is no mode 'groups'; did you mean 'group'"):
        freezing.mask(grads_and_vars, "groups")


def test_group_mode_needs_a_structure_whose_variables_exist():
    _, grads_and_vars = model(arrays())
    with pytest.raises(UserError, match="needs the structure"):
        freezing.mask(grads_and_vars, "group")
    with pytest.raises(UserError, match="group 'lstm': there is no variable 'kernels'; did you mean 'kernel'"):
        freezing.mask(grads_and_vars, "group", [layer("kernels")])
    with pytest.raises(UserError, match="group 'lstm': there is no variable 'bais'; did you mean 'bias'"):
        freezing.mask(grads_and_vars, "group", [layer(bias="bais")])


def test_a_range_that_does_not_fit_is_refused():
    _, grads_and_vars = model(arrays())
    wide = iss.lstm_units("lstm", "kernel", "bias", INPUT, UNITS, [iss.Consumer("softmax_w", start=1)])
    with pytest.raises(UserError, match=r"'softmax_w' has 3 indices along axis 0, so \[1, 4\) does not fit"):
        freezing.mask(grads_and_vars, "group", [wide])


@pytest.mark.parametrize("way", WAYS)
def test_pairs_may_come_as_a_zip_as_tensorflow_itself_takes_them(way):
    weights = arrays()
    variables, grads_and_vars = model(weights)
    form, name = way
    apply = masked if form == "mask" else freezing.apply_gradients
    train_op = apply(OPTIMIZERS[name](), zip(*zip(*grads_and_vars)), "element")
    with session() as running:
        running.run(train_op)
        after = running.run(variables)
    np.testing.assert_array_equal(after["kernel"] != weights["kernel"], weights["kernel"] != 0)
