"""Cutting dead units out between two steps changes no number of training and leaves nothing of the old model behind."""

import gc
import weakref

import numpy as np
import pytest

from ptb import model, variables
from ptb.config import Experiment
from ptb.trainer import TRAINER
from sparse_rnn import sparsity
from sparse_rnn.training import config, shrinking, text
from sparse_rnn.training.language import restoring, train
from tests import tiny

#: Units that nothing reads in these tests: all of their penalised weights are zero.
DEAD = {"lstm_0": [0, 3, 4], "lstm_1": [1], "embedding": [5]}
STEPS = 4


class Run:
    """What cutting needs of a run directory."""

    def __init__(self, folder):
        self.path, self.said = str(folder), []

    def file(self, *names):
        return "/".join((self.path,) + names)

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


@pytest.fixture(scope="module")
def corpus(text_folder):
    return text.load_corpus(text_folder, None)


def shrinking_of(corpus, *overrides, **keys):
    """A Shrinking of the model of tests/tiny.py without dropout and clipping, and the Built it begins with."""
    changes = ("model.keep_prob=1", "train.max_grad_norm=1e9", "sparsity.threshold=0") + overrides
    experiment = config.override(config.from_dict(Experiment, tiny.CONFIG, "test"), changes)
    build = keys.get("build", train.build)
    made = shrinking.Shrinking(
        lambda sizes: build(TRAINER, restoring.resized(TRAINER, experiment, sizes), corpus), 1, None
    )
    return made, made.built_at({})


def begin_with_dead_units(built, run, roles):
    """Random weights, states and slots; those slices of the dead units that have one of ``roles`` are zero."""
    built.begin(run)
    chance = np.random.RandomState(3)
    arrays = built.arrays()
    for name, array in arrays.items():
        if array.dtype == np.float32 and array.ndim:
            arrays[name] = chance.uniform(0.1, 0.5, array.shape).astype(np.float32)
    for group in built.task.structure:
        for part in group.select(roles):
            for name in [part.variable] + [each for each in arrays if each.startswith(part.variable + "/Adam")]:
                along = np.moveaxis(arrays[name], part.axis, 0)
                along[[part.start + unit for unit in DEAD[group.name]]] = 0.0
    built.load(arrays)


def costs(built, steps=STEPS, rate=0.05):
    """Cost and penalty of each of some training steps."""
    step, totals, found = built.task.step, built.task.step.totals, []
    for done in range(steps):
        built.load({total.op.name: 0.0 for total in totals.values()})
        built.session.run(step.run, dict(built.task.feed(done), **{"learning_rate:0": rate}))
        found.append(built.session.run(totals))
    return [each["cost"] for each in found], [each["penalty"] for each in found]


def test_the_first_step_after_a_cut_has_the_same_cost_and_the_penalty_of_the_units_that_are_left(corpus, run):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, ["recurrent", "consumer"])  # gates and biases of the dead go on computing
    weights = before.weights()
    after, difference = made.without_dead_units(before, run)
    assert after.sizes() == {"lstm_0": 4, "lstm_1": 4, "embedding": 5} and before.sizes()["lstm_0"] == 7
    assert difference < 1e-5
    (cost_before,), (penalty_before,) = costs(before, steps=1)
    (cost_after,), (penalty_after,) = costs(after, steps=1)
    assert cost_after == pytest.approx(cost_before, rel=1e-6)
    assert cost_after > 1
    norms = []
    for group in after.task.structure[:2]:
        squares = sum(
            np.square(part.of(after_weights(weights, before, part), group.size)).reshape(group.size, -1).sum(axis=1)
            for part in group.select(["gate", "recurrent", "consumer"])
        )
        norms.append(np.sqrt(squares + 1e-8).sum())
    assert penalty_after == pytest.approx(0.004 * sum(norms), rel=1e-5)
    assert penalty_after < penalty_before


def after_weights(weights, before, part):
    """The variable of a slice with the rows and columns of dead units cut out by hand."""
    array = weights[part.variable]
    for axis in range(array.ndim):
        gone = [
            other.start + unit
            for group in before.task.structure
            for other in group.slices
            if other.variable == part.variable and other.axis == axis
            for unit in DEAD[group.name]
        ]
        array = np.delete(array, gone, axis=axis)
    return array


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_training_on_after_a_cut_is_training_on_without_it_while_zero_units_are_frozen(corpus, run, optimizer):
    made, before = shrinking_of(corpus, "train.optimizer=" + optimizer, "sparsity.freeze=group")
    begin_with_dead_units(before, run, ["gate", "recurrent", "consumer"])
    after, _ = made.without_dead_units(before, run)
    (cost_before, penalty_before), (cost_after, penalty_after) = costs(before), costs(after)
    np.testing.assert_allclose(cost_after, cost_before, rtol=1e-5)
    # A unit that is zero still adds the root of 1e-8.
    np.testing.assert_allclose(penalty_after, np.array(penalty_before) - 4 * 0.004 * 1e-4, rtol=1e-4)
    assert abs(cost_before[-1] - cost_before[0]) > 1e-3
    full, small = made.trained(before), made.trained(after)
    for name, array in full.weights.items():
        read = small.expanded[name] != 0  # a cut unit's biases are zero in the one and rest in the other
        np.testing.assert_allclose(small.expanded[name][read], array[read], rtol=1e-4, atol=1e-6, err_msg=name)
        if not name.endswith("bias"):
            assert (array[~read] == 0).all()


def test_without_freezing_a_dead_unit_can_come_alive_again_in_the_model_that_still_has_it(corpus, run):
    made, before = shrinking_of(corpus, "train.optimizer=sgd", "sparsity.penalties=[]")
    begin_with_dead_units(before, run, ["recurrent", "consumer"])
    assert not sparsity.live_units(before.weights(), before.task.structure)["lstm_0"][0]
    costs(before, steps=1)
    assert sparsity.live_units(before.weights(), before.task.structure)["lstm_0"].all()


def test_everything_that_runs_along_the_units_shrinks_and_keeps_its_values(corpus, run):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, ["recurrent", "consumer"])
    after, _ = made.without_dead_units(before, run)
    old, new = before.arrays(), after.arrays()
    assert sorted(old) == sorted(new)
    stay = [1, 2, 5, 6]
    for name in model.state_names(0):
        np.testing.assert_array_equal(new[name], old[name][:, stay])
    for slot in ("Adam", "Adam_1"):
        name = variables.bias(0) + "/" + slot
        np.testing.assert_array_equal(new[name].reshape(4, 4), old[name].reshape(4, 7)[:, stay])
    np.testing.assert_array_equal(new["Train/kept/lstm_0"], np.isin(np.arange(7), stay))


def test_the_units_that_are_left_keep_their_first_numbers_from_cut_to_cut(corpus, run):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, ["recurrent", "consumer"])
    after, _ = made.without_dead_units(before, run)
    arrays = after.arrays()
    arrays[variables.SOFTMAX_W][[0, 2]] = 0.0  # of lstm_1's units 0, 2, 3, 4
    kernel = arrays[variables.kernel(1)]
    kernel[4 + np.array([0, 2])] = 0.0
    after.load(arrays)
    last, _ = made.without_dead_units(after, run)
    assert last.sizes() == {"lstm_0": 4, "lstm_1": 2, "embedding": 5}
    kept = shrinking.kept_in(last.arrays(), before.task.structure)
    assert {name: units.tolist() for name, units in kept.items()} == {
        "lstm_0": [1, 2, 5, 6],
        "lstm_1": [2, 4],
        "embedding": [0, 1, 2, 3, 4],
    }
    report = made.trained(last).report()
    assert [(group.name, group.kept, group.size) for group in report.groups] == [
        ("lstm_0", 4, 7),
        ("lstm_1", 2, 5),
        ("embedding", 5, 6),
    ]
    full = made.trained(before).report()
    assert (report.weights, report.multiply_adds) == (full.weights, full.multiply_adds)
    assert report.weights_after < full.weights_after < full.weights


def test_where_nothing_is_dead_nothing_is_rebuilt(corpus, run):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, [])
    after, difference = made.without_dead_units(before, run)
    assert after is before and difference == 0.0 and run.said == []


def test_a_layer_of_dead_units_keeps_one_and_is_not_cut_again(corpus, run):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, [])
    arrays = before.arrays()
    arrays[variables.SOFTMAX_W][:] = 0.0
    before.load(arrays)
    after, _ = made.without_dead_units(before, run)
    assert after.sizes() == {"lstm_0": 1, "lstm_1": 1, "embedding": 1}
    assert made.without_dead_units(after, run)[0] is after


def test_a_cut_that_is_another_function_is_noticed(corpus, run, monkeypatch):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, ["recurrent", "consumer"])
    compact = shrinking.compaction.compact

    def wrong(arrays, structure):
        small = compact(arrays, structure)
        small.weights[variables.SOFTMAX_B][3] += 0.5
        return small

    monkeypatch.setattr(shrinking.compaction, "compact", wrong)
    with pytest.raises(shrinking.Inexact) as caught:
        made.without_dead_units(before, run)
    assert caught.value.largest == pytest.approx(0.5, rel=1e-3)
    assert caught.value.changes == "lstm_0 7 -> 4, lstm_1 5 -> 4, embedding 6 -> 5"
    assert run.said == []


def test_nothing_holds_the_graph_of_a_model_that_was_cut(corpus, run):
    made, before = shrinking_of(corpus)
    begin_with_dead_units(before, run, ["recurrent", "consumer"])
    graph = weakref.ref(before.graph)
    after, _ = made.without_dead_units(before, run)
    before.close()
    del before
    gc.collect()
    assert graph() is None
    assert after.session is not None


def test_what_a_checkpoint_says_of_a_model_is_believed_only_where_it_is_that_model():
    experiment = config.from_dict(Experiment, tiny.CONFIG, "test")
    structure = model.structure(experiment.model)
    masks = {"Train/kept/lstm_0": np.array([True] * 3 + [False] * 4), "Train/kept/lstm_1": np.ones(9, bool)}
    assert shrinking.sizes_in(masks, structure) == {"lstm_0": 3, "lstm_1": 5, "embedding": 6}
    assert shrinking.sizes_in({}, structure) == {"lstm_0": 7, "lstm_1": 5, "embedding": 6}
