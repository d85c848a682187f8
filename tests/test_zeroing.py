import glob
import os

import numpy as np
import pytest

import sparse_rnn as sr
from sparse_rnn import blocks, checkpoints, zeroing
from sparse_rnn.compat import tf
from tests.graphs import evaluate_and_count, session, variable

THRESHOLD = 0.02
SHAPES = {"kernel": (7, 12), "bias": (12,), "embedding": (30, 5)}

pytestmark = pytest.mark.usefixtures("graph")


def in_between(arrays, threshold=THRESHOLD):
    """How many elements lie in (0, threshold) and ought to be 0."""
    return sum(int(np.sum((array != 0) & (np.abs(array) < np.float32(threshold)))) for array in arrays)


def random_training(optimizer, use_resource=True):
    """Weights that are pulled towards small random numbers, others at every step; the embedding by sparse gradients."""
    random = np.random.RandomState(0)
    variables = [
        variable(name, (0.1 * random.randn(*shape)).astype(np.float32), use_resource) for name, shape in SHAPES.items()
    ]
    kernel, bias, embedding = variables
    words = tf.random.uniform([8], 0, 30, tf.int32, seed=1)
    targets = [tf.random.normal(SHAPES[name], stddev=0.1, seed=2) for name in ("kernel", "bias")]
    looked_up = tf.nn.embedding_lookup(embedding, words) - tf.random.normal([8, 5], stddev=0.1, seed=3)
    loss = tf.add_n([tf.reduce_sum(tf.square(each)) for each in (kernel - targets[0], bias - targets[1], looked_up)])
    grads_and_vars = optimizer.compute_gradients(loss, variables)
    assert isinstance(grads_and_vars[2][0], tf.IndexedSlices)
    return variables, optimizer.apply_gradients(grads_and_vars, tf.train.get_or_create_global_step())


OPTIMIZERS = {
    "sgd": lambda: tf.train.GradientDescentOptimizer(0.1),
    "momentum": lambda: tf.train.MomentumOptimizer(0.05, 0.9),
    "adam": lambda: tf.train.AdamOptimizer(0.01),
}


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_after_every_run_of_the_train_op_no_weight_lies_below_the_threshold(optimizer, use_resource):
    variables, update = random_training(OPTIMIZERS[optimizer](), use_resource)
    train_op = zeroing.after(update, variables, THRESHOLD)
    zeros = moved = 0
    with session() as running:
        before = running.run(variables)
        for _ in range(100):
            running.run(train_op)
            arrays = running.run(variables)
            assert in_between(arrays) == 0
            zeros += sum(int(np.sum(array == 0)) for array in arrays)
            moved += sum(int(np.sum(array != old)) for array, old in zip(arrays, before))
            before = arrays
        running.run(update)
        assert in_between(running.run(variables)) > 0
    assert zeros > 1000
    assert moved > 1000


def operations_of_zeroing(variable, update):
    """The train op, and the types of the operations on a variable that zeroing adds to the graph."""
    before = set(variable.op.outputs[0].consumers())
    train_op = zeroing.after(update, [variable], THRESHOLD)
    return train_op, {op.type for op in set(variable.op.outputs[0].consumers()) - before}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("block", [blocks.BLOCK, 20], ids=["one block", "in blocks"])
def test_an_embedding_is_zeroed_in_place_after_the_update(block, optimizer, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    values = np.random.RandomState(4).uniform(-0.1, 0.1, [23, 5]).astype(dtype)
    values[3, :2], values[7, :2] = 1.01, 0.01
    embedding = variable("embedding", values)
    read = tf.nn.embedding_lookup(embedding, [3, 7])
    update = OPTIMIZERS[optimizer]().minimize(tf.reduce_sum(tf.square(read)))
    train_op, types = operations_of_zeroing(embedding, update)
    assert types == {"ResourceGather", "ResourceScatterUpdate"}
    with session() as running:
        running.run(update)
        updated = running.run(embedding)
        running.run(tf.global_variables_initializer())
        running.run(train_op)
        found = running.run(embedding)
    np.testing.assert_array_equal(found, np.where(np.abs(updated) < dtype(THRESHOLD), dtype(0), updated))
    assert np.any(updated[[3, 7]] != values[[3, 7]])


@pytest.mark.parametrize("use_resource", [True, False])
def test_only_the_rows_that_the_update_changed_are_zeroed_where_they_can_be_told(use_resource):
    embedding = variable("embedding", np.full([5, 3], 0.03, np.float32), use_resource)
    kernel = variable("kernel", np.full([5, 3], 0.03, np.float32), use_resource)
    loss = 0.01 * tf.reduce_sum(tf.nn.embedding_lookup(embedding, [3, 1, 3])) + 0.01 * tf.reduce_sum(kernel)
    grads_and_vars = tf.train.GradientDescentOptimizer(1.0).compute_gradients(loss, [embedding, kernel])
    update = tf.train.GradientDescentOptimizer(1.0).apply_gradients(grads_and_vars)
    rows = {"embedding": grads_and_vars[0][0].indices}
    train_op = zeroing.after(update, [embedding, kernel], 0.025, rows)
    with session() as running:
        running.run(tf.scatter_update(embedding, [4], [[0.01, 0.01, 0.03]]))
        running.run(train_op)
        found, whole = running.run([embedding, kernel])
    expected = np.full([5, 3], 0.03, np.float32)
    expected[[1, 3]] = 0.0
    expected[4, :2] = 0.01 if use_resource else 0.0  # another kind of variable is zeroed whole
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(whole, 0.0)


@pytest.mark.parametrize("known", [True, False])
def test_changed_rows_may_be_of_any_shape_and_number(known):
    embedding = variable("embedding", np.float32([[0.01], [0.01], [0.01], [0.01], [0.01]]))
    assert tf.nn.embedding_lookup(embedding, [0]) is not None
    rows = [[3, 1], [3, 3]] if known else tf.placeholder_with_default([[3, 1], [3, 3]], None)
    train_op = zeroing.after(tf.no_op(), [embedding], THRESHOLD, {"embedding": rows})
    with session() as running:
        running.run(train_op)
        np.testing.assert_array_equal(running.run(embedding), np.float32([[0.01], [0], [0.01], [0], [0.01]]))


def test_all_rows_are_zeroed_where_as_many_were_updated():
    embedding = variable("embedding", np.float32([[0.03], [0.03], [0.01]]))
    grads_and_vars = [(tf.gradients(tf.nn.embedding_lookup(embedding, [0, 1, 0]), embedding)[0], embedding)]
    update = tf.train.GradientDescentOptimizer(0.01).apply_gradients(grads_and_vars)
    train_op = zeroing.after(update, [embedding], 0.015, {"embedding": grads_and_vars[0][0].indices})
    with session() as running:
        running.run(train_op)
        np.testing.assert_allclose(running.run(embedding), [[0.0], [0.02], [0.0]], rtol=1e-6)


def test_a_matrix_that_is_read_whole_is_zeroed_whole():
    kernel = variable("kernel", np.ones([6, 4], np.float32))
    update = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(tf.square(kernel)))
    _, types = operations_of_zeroing(kernel, update)
    assert "AssignVariableOp" in types
    assert not types & {"ResourceGather", "ResourceScatterUpdate"}


@pytest.mark.usefixtures("without_gpu")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block, loops", [(84, 1), (85, 0)])
def test_a_large_matrix_is_zeroed_in_one_loop(block, loops, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    values = np.random.RandomState(5).uniform(-0.04, 0.04, SHAPES["kernel"]).astype(dtype)
    below = np.nextafter(dtype(THRESHOLD), dtype(0))
    values[0, :8] = THRESHOLD, -dtype(THRESHOLD), below, -below, np.nan, np.inf, -np.inf, 0.0
    kernel = variable("kernel", values)
    with tf.control_dependencies([zeroing.small([kernel], THRESHOLD)]):
        after = kernel.read_value()
    found, types = evaluate_and_count(after)
    with np.errstate(invalid="ignore"):  # there is a NaN
        expected = np.where(np.abs(values) < dtype(THRESHOLD), 0, values)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found[0, :4] != 0, [True, True, False, False])
    assert types["loop"] == loops


@pytest.mark.parametrize("use_resource", [True, False])
def test_the_train_op_is_the_update_and_then_the_threshold(use_resource):
    weights = [variable("w{}".format(index), np.full(5, 1.0, np.float32), use_resource) for index in range(40)]
    update = tf.group(*[tf.assign(weight, weight * 0.5).op for weight in weights])
    train_op = zeroing.after(update, weights, threshold=0.1)
    with session() as running:
        for right in (0.5, 0.25, 0.125, 0.0, 0.0):
            running.run(train_op)
            for array in running.run(weights):
                np.testing.assert_array_equal(array, np.float32(right))


@pytest.mark.parametrize("use_resource", [True, False])
def test_only_elements_strictly_below_the_threshold_become_zero(use_resource):
    below = np.nextafter(np.float32(0.25), np.float32(0))
    weight = variable("w", np.float32([0.25, -0.25, below, -below, 1.0, 0.0, np.nan, -np.inf]), use_resource)
    with session() as running:
        running.run(zeroing.small([weight], 0.25))
        np.testing.assert_array_equal(running.run(weight), np.float32([0.25, -0.25, 0, 0, 1, 0, np.nan, -np.inf]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_threshold_is_that_of_the_variables_numbers(dtype):
    values = np.random.RandomState(3).uniform(-0.04, 0.04, SHAPES["kernel"]).astype(dtype)
    values[0, :2] = THRESHOLD, np.nextafter(dtype(THRESHOLD), dtype(0))
    weight = variable("kernel", values)
    with session() as running:
        running.run(zeroing.small([weight], THRESHOLD))
        found = running.run(weight)
    np.testing.assert_array_equal(found, np.where(np.abs(values) < dtype(THRESHOLD), dtype(0), values))
    assert found[0, 0] and not found[0, 1]


def test_variables_that_are_not_named_and_evaluation_are_left_alone():
    kernel, bias = (variable(name, np.full(4, 0.01)) for name in ("kernel", "bias"))
    train_op = zeroing.after(tf.no_op(), [kernel], THRESHOLD)
    loss = tf.reduce_sum(tf.square(kernel) + bias)
    with session() as running:
        running.run(loss)
        np.testing.assert_array_equal(running.run(kernel), 0.01)
        running.run(train_op)
        np.testing.assert_array_equal(running.run(kernel), 0.0)
        np.testing.assert_array_equal(running.run(bias), 0.01)


def weights_of(prefix):
    return [array for name, array in checkpoints.read(prefix).items() if name in SHAPES]


def written(folder):
    """The prefixes of all checkpoints in a folder, in the order of their steps."""
    prefixes = [path[: -len(".index")] for path in glob.glob(os.path.join(folder, "*.index"))]
    return sorted(prefixes, key=lambda prefix: int(prefix.rpartition("-")[2]))


def train_monitored(folder, steps, hooks, update):
    scaffold = tf.train.Scaffold(saver=tf.train.Saver(max_to_keep=None))
    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=folder,
        scaffold=scaffold,
        chief_only_hooks=hooks,
        save_checkpoint_steps=1,
        log_step_count_steps=None,
    ) as monitored:
        for _ in range(steps):
            monitored.run(update)


@pytest.mark.parametrize("use_resource", [True, False])
def test_no_checkpoint_of_a_monitored_session_holds_a_small_weight(tmp_path, use_resource):
    variables, update = random_training(OPTIMIZERS["adam"](), use_resource)
    train_monitored(str(tmp_path / "zeroed"), 4, [sr.ZeroingHook(variables, THRESHOLD)], update)
    prefixes = written(str(tmp_path / "zeroed"))
    assert [prefix.rpartition("-")[2] for prefix in prefixes] == ["0", "1", "2", "3", "4"]
    for prefix in prefixes:
        assert in_between(weights_of(prefix)) == 0, prefix
        assert any(np.any(array == 0) for array in weights_of(prefix))


def test_without_the_hook_the_same_session_writes_small_weights(tmp_path):
    _, update = random_training(OPTIMIZERS["adam"]())
    train_monitored(str(tmp_path), 1, [], update)
    assert all(in_between(weights_of(prefix)) > 0 for prefix in written(str(tmp_path)))


def test_a_monitored_session_goes_on_from_its_checkpoint_with_the_same_hook(tmp_path):
    hook = sr.ZeroingHook(threshold=THRESHOLD)
    for steps in (2, 3):
        with tf.Graph().as_default():
            _, update = random_training(OPTIMIZERS["sgd"]())
            train_monitored(str(tmp_path), steps, [hook], update)
    prefixes = written(str(tmp_path))
    assert prefixes[-1].endswith("-5")
    assert all(in_between(weights_of(prefix)) == 0 for prefix in prefixes)


def test_a_hook_without_variables_takes_the_trainable_ones():
    weight = variable("w", np.full(3, 0.01, np.float32))
    other = tf.get_variable("other", initializer=np.full(3, 0.01, np.float32), trainable=False)
    with tf.train.MonitoredSession(hooks=[sr.ZeroingHook(threshold=THRESHOLD)]) as monitored:
        weights, others = monitored.run([weight, other])
    np.testing.assert_array_equal(weights, 0.0)
    np.testing.assert_array_equal(others, np.float32(0.01))


@pytest.mark.skipif(not hasattr(tf, "estimator"), reason="this TensorFlow has no tf.estimator")
def test_no_checkpoint_of_an_estimator_holds_a_small_weight(tmp_path):
    def model(features, labels, mode):
        del labels
        variables, update = random_training(OPTIMIZERS["adam"]())
        loss = tf.reduce_sum(tf.abs(variables[0])) + 0.0 * tf.reduce_sum(features)
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=update, eval_metric_ops={})

    def inputs():
        return tf.data.Dataset.from_tensors((np.ones(3, np.float32), 0)).repeat()

    config = tf.estimator.RunConfig(save_checkpoints_steps=1, keep_checkpoint_max=None, log_step_count_steps=None)
    estimator = tf.estimator.Estimator(model, str(tmp_path), config)
    hook = sr.ZeroingHook(threshold=THRESHOLD)
    estimator.train(inputs, hooks=[hook], saving_listeners=[hook], steps=3)
    estimator.evaluate(inputs, steps=2)
    estimator.train(inputs, hooks=[hook], saving_listeners=[hook], steps=2)
    prefixes = written(str(tmp_path))
    assert [prefix.rpartition("-")[2] for prefix in prefixes] == ["0", "1", "2", "3", "4", "5"]
    assert all(in_between(weights_of(prefix)) == 0 for prefix in prefixes)
