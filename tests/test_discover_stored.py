"""Variables that a graph itself stores into: states, whatever they are called, and networks that follow another."""

import numpy as np
import pytest

import sparse_rnn as sr
from sparse_rnn.compat import tf
from sparse_rnn.discovery import forward
from tests import discover_models as models
from tests.test_discover import control_flow, reasons, slices  # noqa: F401 - control_flow is a fixture
from tests.test_discover_pins import discovered

UNITS = 4


def remembering(new_state, transposed):
    """Two steps of a simple cell whose state is a variable, which somebody forgot to call not trainable.

    With ``transposed`` the states are columns ``[n, 1]`` and the kernel stands in front, so that the state itself
    looks like the weight that reads.
    """

    def model(weights):
        state = weights.get("state", *((UNITS, 1) if transposed else (1, UNITS)))
        recurrent, kernel = weights.get("recurrent", UNITS, UNITS), weights.get("kernel", UNITS, 5)
        inputs = tf.placeholder(tf.float32, [5, 1], "inputs")

        def step(before):
            if transposed:
                return tf.tanh(tf.matmul(recurrent, before) + tf.matmul(kernel, inputs))
            return tf.tanh(tf.matmul(before, recurrent) + tf.transpose(tf.matmul(kernel, inputs)))

        with tf.control_dependencies([new_state(state, step(state))]):
            last = step(tf.identity(state.read_value()))
        scores = weights.get("scores", 3, UNITS)
        output = tf.matmul(scores, last, transpose_b=not transposed)
        return inputs, np.random.RandomState(3).uniform(-1, 1, [5, 1]), output

    return model


def stored(state, new):
    return tf.assign(state, new)


def stored_on_condition(state, new):
    return tf.cond(new[0, 0] < 9.0, lambda: tf.identity(tf.assign(state, new)), lambda: tf.identity(new))


@pytest.mark.parametrize("new_state", [stored, stored_on_condition])
def test_a_state_that_is_called_trainable_is_no_weight_that_reads(new_state, control_flow):  # noqa: F811
    structure, _ = discovered(remembering(new_state, transposed=True))
    assert list(structure) == []
    assert "stores what is computed in 'state', which reads them" in reasons(structure, "recurrent")


def test_a_state_that_is_called_trainable_goes_along_where_a_weight_reads_it(control_flow):  # noqa: F811
    model = remembering(stored, transposed=False)
    structure, arrays = discovered(model)
    (group,) = structure
    assert ("state", 1, 0) in slices(group, "gate") + slices(group, "bias")
    assert models.prove_removal(structure, arrays, model, seed=3) > 0


@pytest.mark.parametrize("load", [lambda w, fed: fed, lambda w, fed: w * fed, lambda w, fed: w - w * fed])
def test_weights_that_are_loaded_or_masked_from_outside_stay_weights(load, graph):
    weights = models.Weights(seed=1)
    hidden = models.dense(weights, "hidden", tf.placeholder(tf.float32, [None, 5]), UNITS)
    reader = weights.get("reader", UNITS, 3)
    tf.matmul(hidden, reader)
    bare = sr.discover(graph)
    tf.assign(reader, load(reader, tf.placeholder(tf.float32, [UNITS, 3])))
    assert list(sr.discover(graph)) == list(bare) and len(bare) == 1


def hard(target, source):
    return tf.assign(target, source)


def soft(target, source):
    return tf.assign(target, 0.9 * target + tf.placeholder_with_default(0.1, []) * source)


def little_by_little(target, source):
    return tf.assign_sub(target, 0.1 * (target - source))


def following(update, trainable):
    """A network and another that takes over its weights, as in Q-learning."""

    def model(weights):
        inputs = tf.placeholder(tf.float32, [None, 5], "inputs")
        outputs = []
        for scope in ("online", "target"):
            hidden = tf.matmul(inputs, weights.get(scope + "/kernel", 5, UNITS))
            outputs.append(tf.matmul(tf.tanh(hidden), weights.get(scope + "/scores", UNITS, 3)))
        if not trainable:
            kept = [v for v in tf.trainable_variables() if v.op.name.startswith("online")]
            tf.get_default_graph().clear_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
            for variable in kept:
                tf.add_to_collection(tf.GraphKeys.TRAINABLE_VARIABLES, variable)
        for name in ("/kernel", "/scores"):
            update(weights.get("target" + name), weights.get("online" + name))
        return inputs, np.random.RandomState(3).uniform(-1, 1, [3, 5]), tf.concat(outputs, 1)

    return model


@pytest.mark.parametrize("update", [hard, soft, little_by_little])
def test_a_network_that_follows_another_shrinks_with_it(update):
    model = following(update, trainable=True)
    structure, arrays = discovered(model)
    (group,) = structure
    assert slices(group, "gate") == [("online/kernel", 1, 0), ("target/kernel", 1, 0)]
    assert slices(group, "consumer") == [("online/scores", 0, 0), ("target/scores", 0, 0)]
    assert models.prove_removal(structure, arrays, model, seed=3) > 0


@pytest.mark.parametrize("update", [hard, soft, little_by_little])
def test_a_network_that_follows_and_is_not_trained_holds_the_units(update, graph):
    following(update, trainable=False)(models.Weights(seed=1))
    structure = sr.discover(graph)
    assert list(structure) == []
    assert "no weight of theirs between" in reasons(structure, "online/kernel")


def test_a_copy_that_nothing_reads_is_state_of_the_units(graph):
    weights = models.Weights(seed=1)
    hidden = models.dense(weights, "hidden", tf.placeholder(tf.float32, [None, 5]), UNITS)
    tf.matmul(hidden, weights.get("reader", UNITS, 3))
    best = tf.get_variable("best", [5, UNITS], trainable=False, use_resource=True)
    tf.assign(best, weights.get("hidden/kernel"))
    (group,) = sr.discover(graph)
    assert slices(group, "state") == [("best", 1, 0)]


def test_numbers_of_units_in_a_variable_that_no_checkpoint_holds_are_constants(graph):
    weights = models.Weights(seed=1)
    hidden = models.dense(weights, "hidden", tf.placeholder(tf.float32, [None, 5]), UNITS)
    local = [tf.GraphKeys.LOCAL_VARIABLES]
    scale = tf.Variable(np.arange(UNITS, dtype=np.int32), trainable=False, collections=local, use_resource=True)
    tf.matmul(hidden * tf.cast(scale, tf.float32), weights.get("reader", UNITS, 3))
    structure = sr.discover(graph)
    assert list(structure) == []
    assert "constant that differs from unit to unit" in reasons(structure, "hidden/kernel")


def test_what_a_function_stores_counts(graph):
    weights = models.Weights(seed=1)
    hidden = models.dense(weights, "hidden", tf.placeholder(tf.float32, [1, 5]), UNITS)
    memory = tf.get_variable("memory", [2, UNITS], trainable=False, use_resource=True)

    @tf.function
    def remember(rows):
        tf.raw_ops.ResourceScatterUpdate(resource=memory.handle, indices=[0], updates=rows)
        return tf.constant(True)

    remember(tf.identity(hidden))
    tf.matmul(hidden, weights.get("reader", UNITS, 3))
    assert "ResourceScatterUpdate" in reasons(sr.discover(graph), "hidden/kernel")


#: What is broken, and a model that is another function without its dead units then, or cannot be built.
MUTATIONS = {
    "a state that is called trainable": ("_takes_on", False, remembering(stored, transposed=True)),
    "networks that follow another": ("_find_copies", [], following(hard, trainable=True)),
}


@pytest.mark.parametrize("broken", sorted(MUTATIONS))
def test_a_broken_rule_of_stored_variables_is_noticed(broken, monkeypatch):
    name, nothing, model = MUTATIONS[broken]
    assert hasattr(forward.Forward, name)
    monkeypatch.setattr(forward.Forward, name, lambda *_: nothing)
    structure, arrays = discovered(model)
    with pytest.raises(Exception):  # noqa: B017 - outputs that differ, or shapes that do not fit
        for seed in range(3, 6):
            models.prove_removal(structure, arrays, model, seed)
