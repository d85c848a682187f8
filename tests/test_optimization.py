"""One training step on a model of two matrices, against the same step in numpy."""

import numpy as np
import pytest

from sparse_rnn import blocks, compat, fusion, iss
from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.training import optimization, options
from sparse_rnn.training.config import from_dict

RATE = 0.5
SHAPES = {"read": (3, 4), "write": (4, 2)}
STRUCTURE = [iss.input_units("hidden", "read", 4, [iss.Consumer("write")])]
INPUTS = np.random.RandomState(0).randn(5, 3).astype(np.float32)
WANTED = np.random.RandomState(1).randn(5, 2).astype(np.float32)


class Step:
    """The step in a graph with a session, and the weights that it began from."""

    def __init__(self, train=(), sparsity=()):
        self.inputs = tf.placeholder(tf.float32, [5, 3])
        variables = {}
        for seed, (name, shape) in enumerate(SHAPES.items()):
            initial = np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
            variables[name] = tf.get_variable(name, initializer=initial, use_resource=True)
        self.carried = tf.get_variable("carried", [5, 4], initializer=tf.zeros_initializer(), trainable=False)
        hidden = tf.matmul(self.inputs, variables["read"]) + 0.1 * self.carried
        cost = tf.reduce_sum(tf.square(tf.matmul(hidden, variables["write"]) - WANTED))
        self.step = optimization.training_step(
            cost,
            from_dict(options.Train, dict(train), "test"),
            from_dict(options.Sparsity, dict(sparsity), "test"),
            STRUCTURE,
            [(self.carried, hidden)],
        )
        self.session = tf.Session()
        self.session.run(tf.global_variables_initializer())
        self.before = self.weights()

    def weights(self):
        return self.session.run(variables_by_name())

    def run(self, inputs=INPUTS, rate=RATE):
        fetched = [self.step.run, self.step.finite]
        return self.session.run(fetched, {self.inputs: inputs, self.step.learning_rate: rate})[1]


@pytest.fixture
def build(graph):
    made = []

    def make(*arguments, **keys):
        made.append(Step(*arguments, **keys))
        return made[-1]

    yield make
    for each in made:
        each.session.close()


def cost_and_gradients(weights, carried=0.0):
    hidden = INPUTS @ weights["read"] + 0.1 * carried
    error = hidden @ weights["write"] - WANTED
    return (error**2).sum(), {"read": 2 * INPUTS.T @ error @ weights["write"].T, "write": 2 * hidden.T @ error}


def norm(gradients):
    return np.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))


@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_sgd_takes_a_step_along_the_clipped_gradient(build, limit):
    step = build({"max_grad_norm": limit})
    assert step.run()
    _, gradients = cost_and_gradients(step.before)
    scale = min(1.0, limit / norm(gradients))
    for name, value in step.weights().items():
        np.testing.assert_allclose(value, step.before[name] - RATE * scale * gradients[name], rtol=2e-4, atol=1e-4)


def test_the_penalty_is_part_of_what_is_clipped(build):
    penalty = {"kind": "l1", "strength": 50.0, "variables": ["*"]}
    step = build({"max_grad_norm": 0.5}, {"penalties": [penalty], "threshold": 0})
    step.run()
    _, gradients = cost_and_gradients(step.before)
    whole = {name: gradients[name] + 50 * np.sign(step.before[name]) for name in gradients}
    for name, value in step.weights().items():
        np.testing.assert_allclose(
            value, step.before[name] - RATE * 0.5 / norm(whole) * whole[name], rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_fused_steps_are_the_same_to_rounding_and_repeat_themselves_exactly(build, optimizer, without_gpu, monkeypatch):
    compiled = []
    monkeypatch.setattr(fusion, "compiled", lambda *given: compiled.append(given) or compat.compiled(*given))
    penalties = [
        {"kind": "units", "strength": 0.3, "groups": ["hidden"]},
        {"kind": "l1", "strength": 0.2, "variables": ["*"]},
    ]

    def weights_after_three_steps():
        with tf.Graph().as_default():
            step = build({"optimizer": optimizer}, {"penalties": penalties, "threshold": 0.05})
            for _ in range(3):
                step.run(rate=0.01)
            return step.weights()

    alone = weights_after_three_steps()
    assert not compiled
    monkeypatch.setattr(blocks, "BLOCK", 1)
    fused, again = weights_after_three_steps(), weights_after_three_steps()
    for name, value in alone.items():
        np.testing.assert_allclose(fused[name], value, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(fused[name], again[name])
        assert (value != 0).any()
    assert len(compiled) == 2 * 3 * len(SHAPES)  # two penalties' gradients and zeroing, of each matrix


@pytest.mark.parametrize("penalised", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_no_weight_of_an_embedding_rests_between_zero_and_the_threshold(graph, optimizer, penalised, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 1)
    embedding = tf.get_variable("embedding", [20, 4], initializer=tf.random_uniform_initializer(-1, 1, 5))
    other = tf.get_variable("other", [4], initializer=tf.ones_initializer())
    words = tf.placeholder(tf.int32, [3])
    cost = tf.reduce_sum(tf.square(tf.nn.embedding_lookup(embedding, words) * other - 0.5))
    penalty = {"kind": "l1", "strength": 0.1, "variables": ["*" if penalised else "other"]}
    step = optimization.training_step(
        cost,
        from_dict(options.Train, {"optimizer": optimizer}, "test"),
        from_dict(options.Sparsity, {"penalties": [penalty], "threshold": 0.3}, "test"),
        [],
    )
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step.begin_epoch)
        for seed in range(8):
            before = session.run(embedding)
            some = np.random.RandomState(seed).randint(0, 10, 3)
            session.run(step.run, {words: some, step.learning_rate: 0.1})
            after = session.run(embedding)
            assert not ((after != 0) & (np.abs(after) < 0.3)).any()
            assert (after[some] != before[some]).any()
            if optimizer == "sgd" and not penalised:
                np.testing.assert_array_equal(np.delete(after, some, axis=0), np.delete(before, some, axis=0))


def test_adam_begins_with_a_step_of_the_learning_rate(build):
    step = build({"optimizer": "adam", "max_grad_norm": 1e6})
    step.run(rate=0.01)
    _, gradients = cost_and_gradients(step.before)
    for name, value in step.weights().items():
        np.testing.assert_allclose(value, step.before[name] - 0.01 * np.sign(gradients[name]), rtol=1e-3, atol=1e-5)


def test_no_weight_rests_between_zero_and_the_threshold(build):
    penalty = {"kind": "l1", "strength": 1e-3, "variables": ["read"]}
    step = build({"max_grad_norm": 1.0}, {"penalties": [penalty], "threshold": 0.4})
    for _ in range(3):
        step.run(rate=0.1)
        for value in step.weights().values():
            assert not ((np.abs(value) > 0) & (np.abs(value) < 0.4)).any()
    assert (step.weights()["read"] == 0).any() and (step.weights()["write"] != 0).any()


def test_zeroing_acts_on_the_variables_it_is_told(build):
    penalty = {"kind": "l1", "strength": 1e-9, "variables": ["*"]}
    step = build({}, {"penalties": [penalty], "threshold": 0.9, "zero_variables": ["wri*"]})
    step.run(rate=1e-6)
    assert (step.weights()["write"] == 0).any() and (step.weights()["read"] != 0).all()


def test_dense_training_zeroes_nothing(build):
    step = build({}, {"threshold": 1e3})
    step.run(rate=1e-6)
    assert all((value != 0).all() for value in step.weights().values())


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("freeze", ["element", "group"])
def test_frozen_zeros_stay_zero(build, freeze, optimizer):
    step = build({"optimizer": optimizer}, {"freeze": freeze})
    read, write = (value.copy() for value in (step.before["read"], step.before["write"]))
    read[:, 1] = write[1] = 0.0
    read[0, 0] = 0.0
    for name, value in (("read", read), ("write", write)):
        variables_by_name()[name].load(value, step.session)
    for _ in range(3):
        step.run(rate=0.05)
    after = step.weights()
    assert (after["read"][:, 1] == 0).all() and (after["write"][1] == 0).all()
    assert (after["read"][0, 0] == 0) == (freeze == "element")
    assert (after["read"][:, 2:] != read[:, 2:]).all()


def test_totals_steps_and_the_carried_state_go_on_until_an_epoch_begins(build):
    step = build({"max_grad_norm": 1e-12}, {"penalties": [{"kind": "l1", "strength": 2.0, "variables": ["read"]}]})
    first, _ = cost_and_gradients(step.before)
    second, _ = cost_and_gradients(step.before, carried=INPUTS @ step.before["read"])
    step.run()
    step.run()
    totals, count, carried = step.session.run([step.step.totals, step.step.global_step, step.carried])
    assert totals["cost"] == pytest.approx(first + second, rel=1e-5)
    assert totals["penalty"] == pytest.approx(4 * np.abs(step.before["read"]).sum(), rel=1e-5)
    assert count == 2 and (carried != 0).any()
    step.step.seconds.load(3.5, step.session)
    step.session.run(step.step.begin_epoch)
    totals, count, carried, seconds = step.session.run(
        [step.step.totals, step.step.global_step, step.carried, step.step.seconds]
    )
    assert (totals, count, seconds) == ({"cost": 0.0, "penalty": 0.0}, 2, 0.0) and (carried == 0).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_loss_or_gradient_that_is_no_finite_number_is_noticed(build, bad):
    step = build()
    assert step.run()
    assert not step.run(inputs=np.full_like(INPUTS, bad))


def test_looking_at_the_next_step_changes_nothing(build):
    step = build()
    step.run()
    before = step.session.run(tf.global_variables())
    assert step.session.run(step.step.finite, {step.inputs: INPUTS})
    for one, other in zip(before, step.session.run(tf.global_variables())):
        np.testing.assert_array_equal(one, other)
