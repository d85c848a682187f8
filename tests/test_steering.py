"""The strength that a target steers: where it ends, what it refuses, and that an interruption changes nothing."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from ptb import train
from ptb.config import Experiment
from sparse_rnn import checkpoints, groups
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, options, penalties, shrinking, steering
from sparse_rnn.training.run_directory import STRUCTURE
from tests import tiny
from tests.interruptions import killed, refusal, same_run

TARGET = ["sparsity.compact_every_epochs=1", 'sparsity.target={"units": 3}', "sparsity.penalties.0.strength=0.006"]


class Plant:
    """Two layers whose units the data pulls up, each with its own force, once they are not too small.

    The forces are lognormal: at a fixed strength of 0.004 a good half of the units stands in the end.
    """

    def __init__(self, experiment, steps_per_epoch=200):
        chance = np.random.RandomState(3)
        self.sizes_, self.experiment = {"lstm_0": 120, "lstm_1": 80}, experiment
        self.pulls = {name: 0.0035 * np.exp(0.7 * chance.randn(size)) for name, size in self.sizes_.items()}
        self.norms = {name: 0.3 + 0.03 * chance.randn(size) for name, size in self.sizes_.items()}
        self.state = {penalties.FACTOR: np.float32(1), steering._STEP: -1, steering._FORESEEN: 0.0}
        structure = [
            groups.UnitGroup(name, size, (groups.Slice(name, 0, 0, "consumer"),)) for name, size in self.sizes_.items()
        ]
        self.task = SimpleNamespace(structure=structure, steps_per_epoch=steps_per_epoch)

    def sizes(self):
        return self.sizes_

    def shapes(self):
        return {name: (size, 5) for name, size in self.sizes_.items()}

    def weights(self):
        return {name: np.outer(norms, np.full(5, 5**-0.5)) for name, norms in self.norms.items()}

    def arrays(self, names):
        return {name: self.state[name] for name in names}

    def load_at_once(self, arrays):
        self.state.update(arrays)

    def train(self, learning_rate):
        strength = self.experiment.sparsity.penalties[0].strength * self.state[penalties.FACTOR]
        for name, norms in self.norms.items():
            held = self.pulls[name] * norms / (norms + 0.05) * np.clip(1.6 - norms / (self.pulls[name] * 600), -1, 1.6)
            self.norms[name] = np.maximum(norms + learning_rate * (held - strength), 0.0004)

    def run(self):
        steered, epochs = steering.Steering(self.experiment, self), self.experiment.train.epochs
        for done in range(epochs * self.task.steps_per_epoch):
            steered.before(done, self)
            self.train(steering.schedules.learning_rate(self.experiment.train, done // self.task.steps_per_epoch))
        return steered

    def standing(self):
        return sum(int((norms > 0.02).sum()) for norms in self.norms.values())


def experiment(target, strength=0.004, **schedule):
    penalty = {"kind": "units", "strength": strength, "groups": ["lstm_*"]}
    tree = {"sparsity": {"penalties": [penalty], "target": target}, "train": {"schedule": schedule}}
    return config.from_dict(Experiment, tree, "run.json")


def test_without_steering_the_plant_ends_far_from_these_targets():
    ends = []
    for strength in (0.002, 0.004, 0.008):
        plant = Plant(experiment({"units": 100}, strength))
        plant.state[steering._STEP] = np.inf
        for _ in range(13 * 200):
            plant.train(1.0)
        ends.append(plant.standing())
    assert ends[0] > 150 > ends[1] > 60 > ends[2]


@pytest.mark.parametrize("schedule", [{"after": 6}, {"kind": "equal_steps", "factor": 0.1}, {"kind": "constant"}])
@pytest.mark.parametrize("strength, units", [(0.001, 150), (0.001, 40), (0.004, 60), (0.004, 120)])
def test_it_ends_within_a_tenth_of_the_target(schedule, strength, units):
    plant = Plant(experiment({"units": units}, strength, **schedule))
    plant.run()
    assert plant.standing() == pytest.approx(units, rel=0.1)


def test_a_target_of_weights_counts_those_without_dead_units():
    plant = Plant(experiment({"weights": 400}, 0.002, after=6))
    steered = plant.run()
    assert 5 * plant.standing() == pytest.approx(400, rel=0.1)
    assert steered.columns(plant)["foreseen"] == pytest.approx(400, rel=0.1)
    assert steered.columns(plant)["strength_factor"] == plant.state[penalties.FACTOR] != 1


def test_the_same_step_adjusts_once_however_often_it_is_begun():
    plant = Plant(experiment({"units": 50}))
    steered = steering.Steering(plant.experiment, plant)
    for done in (0, 50):
        steered.before(done, plant)
        plant.train(1.0)
    before = dict(plant.state)
    assert before[penalties.FACTOR] != 1 and before[steering._STEP] == 50
    for done in (50, 51, 99):
        steered.before(done, plant)
    assert plant.state == before


@pytest.mark.parametrize("target, least, most", [({"units": 200}, "2", "199"), ({"weights": 9}, "10", "999")])
def test_a_target_that_the_model_cannot_have_is_refused(target, least, most):
    plant = Plant(experiment(target))
    with pytest.raises(UserError) as refused:
        steering.Steering(plant.experiment, plant)
    said = "with the penalties on lstm_0, lstm_1 the model can have from {} to {}.".format(least, most)
    assert str(refused.value).startswith("sparsity.target.") and str(refused.value).endswith(said)


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"target": {}}, "sparsity.target.units: a target is of units or of weights, one of the two."),
        ({"target": {"units": 3, "weights": 3}}, "one of the two."),
        ({"target": {"units": 0}}, "sparsity.target.units is 0; it must be null or an integer of at least 1."),
        ({"penalties": []}, "sparsity.target needs a penalty of units whose strength is above 0 to steer."),
        (
            {"penalties": [{"kind": "l1", "strength": 1, "variables": ["*"]}]},
            "sparsity.target needs a penalty of units",
        ),
        ({"penalties": [{"kind": "units", "strength": 0, "groups": ["lstm_0"]}]}, "whose strength is above 0"),
        ({"penalties": [{"kind": "units", "strength": 1, "group_file": "g"}]}, "a group_file cannot be steered."),
    ],
)
def test_what_cannot_be_steered_is_refused_with_the_config(changed, said):
    penalty = {"kind": "units", "strength": 0.5, "groups": ["lstm_0"]}
    section = dict({"penalties": [penalty], "target": {"units": 3}}, **changed)
    with pytest.raises(UserError) as refused:
        config.from_dict(options.Sparsity, section, "run.json", prefix="sparsity")
    assert said in str(refused.value)


def test_the_factor_is_on_penalties_of_units_alone(graph):
    terms = [{"kind": "units", "strength": 2.0, "groups": ["one"]}, {"kind": "l1", "strength": 1.0, "variables": ["w"]}]
    section = config.from_dict(options.Sparsity, {"penalties": terms, "target": {"units": 2}}, "test")
    tf.get_variable("w", initializer=np.array([[3.0], [4.0]], np.float32), use_resource=True)
    structure = [groups.UnitGroup("one", 2, (groups.Slice("w", 0, 0, "consumer"),))]
    total = penalties.total(section, structure)
    factor = next(each for each in tf.global_variables() if each.op.name == penalties.FACTOR)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(total) == pytest.approx(2 * 7 + 7)
        factor.load(0.5, session)
        assert session.run(total) == pytest.approx(7 + 7)


def test_a_steered_run_that_shrinks_ends_in_the_same_numbers_after_any_interruption(
    tmp_path, text_folder, no_figures, monkeypatch
):
    monkeypatch.setattr(steering, "STANDS", 0.2)  # so that units of so small a model fall
    whole, run = str(tmp_path / "whole"), str(tmp_path / "run")
    assert train.main(tiny.arguments(whole, text_folder, *TARGET)) == 0
    first, last = tiny.table(whole)
    assert first["strength_factor"] != 1 != last["strength_factor"] and last["foreseen"] > 0
    assert last["units/lstm_0/in_graph"] + last["units/lstm_1/in_graph"] < 12
    norms = tiny.weights(whole)[steering._NORMS.format("lstm_0")]
    assert norms.shape == (tiny.weights(whole)["Train/kept/lstm_0"].sum(),)
    with open(os.path.join(whole, STRUCTURE)) as file:
        assert steering._NORMS.format("lstm_1") in file.read()
    arguments = tiny.arguments(run, text_folder, *TARGET)
    for where, call, after in [
        ((shrinking.Built, "load_at_once"), 3, False),
        ((shrinking.Built, "load_at_once"), 3, True),  # of the next process: before the step that it is for
        ((checkpoints, "save"), 20, True),
        ((shrinking.Built, "load_at_once"), 2, False),
    ]:
        killed(arguments, *where, call=call, after=after)
    killed(arguments, shrinking.Built, "load_at_once", call=1, after=True, error=KeyboardInterrupt)
    assert train.main(arguments) == 0
    same_run(run, whole)


def test_a_target_out_of_reach_makes_no_run_directory(tmp_path, text_folder):
    run = str(tmp_path / "run")
    said = refusal(tiny.arguments(run, text_folder, 'sparsity.target={"units": 12}'))
    assert said.startswith("sparsity.target.units is 12; with the penalties on lstm_0, lstm_1 the model can have")
    assert not os.path.exists(run)
