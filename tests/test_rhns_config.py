"""The shipped highway configs are the original's, and every one loads."""

import json
import os

import pytest

from rhns import config, variables
from sparse_rnn.errors import UserError
from sparse_rnn.training import config as configs
from sparse_rnn.training import options
from sparse_rnn.training.schedules import learning_rate

CONFIGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rhns", "configs")
SHIPPED = sorted(name[: -len(".json")] for name in os.listdir(CONFIGS))


def shipped(name):
    return config.load_experiment(os.path.join(CONFIGS, name + ".json"))


def drops(model):
    """The original's drop_x, drop_i, drop_h, drop_o."""
    keeps = (model.keep_words, model.keep_inputs, model.keep_states, model.keep_outputs)
    return [round(1 - keep, 10) for keep in keeps]


def test_every_promised_config_is_shipped():
    promised = (
        "enwik8_sota ptb_iss_1000 ptb_iss_sota ptb_small ptb_small_iss ptb_sota quickstart text8_small text8_sota"
    )
    assert promised.split() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_config_loads_says_what_it_is_and_survives_being_resolved(name, tmp_path):
    experiment = shipped(name)
    assert experiment.description.endswith(".") and experiment.train.seed == 1
    path = tmp_path / "config.json"
    path.write_text(json.dumps(configs.to_dict(experiment)))
    assert config.load_experiment(str(path)) == experiment


@pytest.mark.parametrize(
    "name, width, dropped",
    [
        ("ptb_sota", 830, [0.25, 0.75, 0.25, 0.75]),
        ("ptb_iss_sota", 830, [0.15, 0.45, 0.15, 0.45]),
        ("ptb_iss_1000", 1000, [0.25, 0.75, 0.25, 0.75]),
    ],
)
def test_the_word_models_are_those_of_the_original(name, width, dropped):
    experiment = shipped(name)
    model, train = experiment.model, experiment.train
    assert (model.hidden_sizes, model.depth, model.tied, model.init_scale, model.init_bias) == (
        (width,),
        10,
        True,
        0.04,
        -2.0,
    )
    assert drops(model) == dropped
    assert (train.epochs, train.batch_size, train.num_steps) == (500, 20, 35)
    assert (train.weight_decay, train.max_grad_norm, train.optimizer) == (1e-7, 10, "sgd")


@pytest.mark.parametrize("name", ["enwik8_sota", "text8_sota"])
def test_the_character_models_are_those_of_the_original(name):
    experiment = shipped(name)
    model, train = experiment.model, experiment.train
    assert (model.hidden_sizes, model.depth, model.tied, model.init_bias) == ((1500,), 10, False, -4.0)
    assert drops(model) == [0.1, 0.4, 0.1, 0.4] and experiment.data.kind == "characters"
    assert (train.batch_size, train.num_steps, train.weight_decay) == (128, 50, 1e-7)


@pytest.mark.parametrize("name, decay, after", [("ptb_sota", 1.02, 20), ("text8_sota", 1.03, 5)])
def test_the_learning_rate_is_the_originals_quick_start(name, decay, after):
    train = shipped(name).train
    for epoch in (0, after - 2, after - 1, after, after + 7, 499):
        assert learning_rate(train, epoch) == pytest.approx(0.2 / decay ** max(epoch - after + 1, 0))


def test_equal_step_is_the_originals_second_policy():
    schedule = ["train.schedule.kind=equal_steps", "train.schedule.parts=3"]
    train = config.load_experiment(os.path.join(CONFIGS, "ptb_sota.json"), schedule).train
    for epoch in (0, 165, 166, 331, 332, 498, 499):
        assert learning_rate(train, epoch) == pytest.approx(0.2 / 1.02 ** (epoch // (500 // 3)))


def test_names_of_what_is_trained_are_held_against_the_model():
    path = os.path.join(CONFIGS, "ptb_small.json")
    with pytest.raises(
        UserError, match="train.variables: there is no variable 'model/embeding'; did you mean 'model/e"
    ):
        config.load_experiment(path, ['train.variables=["model/RHN0/*", "model/embeding"]'])


def test_the_paper_penalises_all_units_and_zeroes_the_variables_of_the_groups():
    experiment = shipped("ptb_iss_sota")
    (penalty,) = experiment.sparsity.penalties
    assert (penalty.strength, penalty.groups, experiment.sparsity.active_threshold) == (0.005, ("rhn_0",), 0.0004)
    names = list(variables.shapes(experiment.model, 10000))
    zeroed = options.match_names(experiment.sparsity.zero_variables, names, "test")
    assert zeroed == [name for name in names if not name.endswith(("Bias", "softmax_b"))]
    assert shipped("ptb_sota").sparsity.active_threshold == 0
