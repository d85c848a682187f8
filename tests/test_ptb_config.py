"""The configs of the language model: what is shipped, and what the original's own files mean."""

import dataclasses
import glob
import json
import os

import numpy as np
import pytest

from ptb import config as ptb_config
from ptb import original_config, variables
from ptb.config import Experiment, load_experiment
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, options
from sparse_rnn.training.schedules import learning_rate

CONFIGS = os.path.join(os.path.dirname(ptb_config.__file__), "configs")
SHIPPED = sorted(os.path.basename(path)[:-5] for path in glob.glob(os.path.join(CONFIGS, "*.json")))

CELL = "Model/RNN/multi_rnn_cell/cell_{}/basic_lstm_cell/weights"
ISS = {
    "global_decay": 0.00245,
    CELL.format(0): {"structure_decay_multi": 1.0, "coupled_layer": CELL.format(1), "couple_split_num": 2},
    CELL.format(1): {"structure_decay_multi": 1.0, "coupled_layer": "Model/softmax_w", "couple_split_num": 1},
}
ROWS_AND_COLUMNS = {
    "global_decay": 0.003,
    CELL.format(0): {"row_decay_multi": 1.0, "col_decay_multi": 1.0},
    CELL.format(1): {"row_decay_multi": 1.0, "col_decay_multi": 1.0},
    "Model/softmax_w": {"row_decay_multi": 1.0, "col_decay_multi": 0.0},
}
BASE = {"save_path": "/tmp", "learning_rate": 1.0, "weight_decay": 0.0, "dropout_keep_prob": 0.60}


def shipped(name, *overrides):
    return load_experiment(os.path.join(CONFIGS, name + ".json"), overrides=overrides)


@pytest.fixture
def original(tmp_path):
    """Loads a file of the original: BASE with some keys replaced."""

    def load(model="sparselarge", overrides=(), flags=None, **keys):
        path = tmp_path / "original.json"
        path.write_text(json.dumps(dict(BASE, **keys)))
        return load_experiment(str(path), model, overrides, **(flags or {}))

    return load


def changed(grouplasso, name, **keys):
    return dict(grouplasso, **{name: dict(grouplasso[name], **keys)})


def same_experiment(one, other):
    """Equal but for the description and for whether variables are named one by one."""
    names = variables.all_variables(len(one.model.hidden_sizes))

    def plain(experiment):
        penalties = tuple(
            dataclasses.replace(part, variables=tuple(sorted(options.match_names(part.variables, names, "test"))))
            for part in experiment.sparsity.penalties
        )
        sparsity = dataclasses.replace(experiment.sparsity, penalties=penalties)
        return dataclasses.replace(experiment, description="", sparsity=sparsity)

    return plain(one) == plain(other)


def test_every_promised_config_is_shipped():
    assert SHIPPED == sorted(
        "quickstart small medium large large_iss large_l1 large_rows_columns finetune direct_373_315 small_iss "
        "small_iss_embedding small_iss_target small_l1 small_rows_columns".split()
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_config_loads_says_what_it_is_and_survives_being_resolved(name, tmp_path):
    experiment = shipped(name)
    assert experiment.description.endswith(".") and experiment.train.seed == 1
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config.to_dict(experiment)))
    assert load_experiment(str(path)) == experiment


def test_the_default_is_the_small_model():
    assert dataclasses.replace(shipped("small"), description="") == Experiment()


@pytest.mark.parametrize("model", ["small", "medium", "large"])
def test_the_tutorials_models_are_those_of_the_original(model):
    tree = original_config.translate({"weight_decay": 0}, "test", model)
    assert same_experiment(config.from_dict(Experiment, tree, "test"), shipped(model))


def test_small_iss_halves_the_learning_rate_seven_times():
    for name in ("small_iss", "small_iss_embedding"):
        train = shipped(name).train
        rates = [learning_rate(train, epoch) for epoch in range(train.epochs)]
        assert rates == [1.0] * 6 + [0.5**power for power in range(1, 8)]


def test_only_its_own_config_penalises_the_embedding():
    groups = {name: {group for part in shipped(name).sparsity.penalties for group in part.groups} for name in SHIPPED}
    assert [name for name in SHIPPED if "embedding" in groups[name]] == ["small_iss_embedding"]


def test_direct_design_has_the_schedule_of_the_large_model():
    direct = shipped("direct_373_315")
    assert direct.train == shipped("large").train and direct.model.hidden_sizes == (373, 315)
    assert (direct.model.embedding_size, direct.model.keep_prob) == (1500, 0.55)


def test_structure_grouplasso_is_large_iss(original):
    assert same_experiment(original(grouplasso=ISS), shipped("large_iss"))


def test_row_col_grouplasso_is_large_rows_columns(original):
    assert same_experiment(original(grouplasso=ROWS_AND_COLUMNS), shipped("large_rows_columns"))


def test_l1_is_large_l1_and_spares_the_embedding(original):
    experiment = original(weight_decay=0.0001)
    assert same_experiment(experiment, shipped("large_l1"))
    names = variables.all_variables(2)
    penalised = options.match_names(experiment.sparsity.penalties[0].variables, names, "test")
    assert penalised == [name for name in names if name != variables.EMBEDDING]


def test_finetuning_with_frozen_elements_is_finetune(original):
    sizes = ("model.hidden_sizes=[1500, 1500]", "model.embedding_size=1500")
    assert shipped("finetune").model.hidden_sizes is None
    assert same_experiment(original(learning_rate=0.1, flags={"freeze_mode": "element"}), shipped("finetune", *sizes))


def test_the_large_and_the_direct_model_have_the_papers_number_of_weights():
    shapes = variables.shapes(shipped("large").model, 10000)
    assert list(shapes) == variables.all_variables(2)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 66022000
    shapes = variables.shapes(shipped("direct_373_315").model, 10000)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 21824148


def test_from_scratch_with_the_sizes_is_direct_373_315(original):
    experiment = original("large", ["model.hidden_sizes=[373, 315]"], dropout_keep_prob=0.55)
    assert same_experiment(experiment, shipped("direct_373_315"))


@pytest.mark.parametrize("weight_decay, threshold", [(0, 1e-4), (0.0, 1e-4), (0.00004, 1e-4), (0.00007, 1.4e-4)])
def test_the_threshold_is_twice_the_weight_decay_but_at_least_1e_4(original, weight_decay, threshold):
    assert original(weight_decay=weight_decay).sparsity.threshold == pytest.approx(threshold)


def test_the_original_zeroes_with_a_weight_decay_or_a_grouplasso_only(original):
    assert original().sparsity.active_threshold == 0.0
    assert original(weight_decay=0.00001).sparsity.active_threshold == 1e-4
    assert original(grouplasso=dict(ISS, global_decay=0)).sparsity.active_threshold == 1e-4


def test_multipliers_other_than_one_are_kept(original):
    penalty = original(grouplasso=changed(ISS, CELL.format(1), structure_decay_multi=0.5)).sparsity.penalties[0]
    assert [penalty.strength_of(group) for group in ("lstm_0", "lstm_1")] == [0.00245, 0.00245 / 2]


def test_kernel_names_mean_the_same_as_weights_names(original):
    renamed = json.loads(json.dumps(ISS).replace("/weights", "/kernel"))
    assert original(grouplasso=renamed) == original(grouplasso=ISS)


def test_adam_keeps_its_learning_rate(original):
    train = original(flags={"optimizer": "adam"}).train
    assert train.optimizer == "adam" and {learning_rate(train, epoch) for epoch in range(55)} == {1.0}


def test_validtestlarge_trains_no_epoch(original):
    assert original("validtestlarge").train.epochs == 0


def test_the_test_model_has_one_layer(original):
    alone = {"global_decay": 1, CELL.format(0): ISS[CELL.format(1)]}
    experiment = original("test", grouplasso=alone)
    assert experiment.model.hidden_sizes == (2,) and experiment.sparsity.penalties[0].groups == ("lstm_0",)


def test_overrides_apply_to_a_translated_file(original):
    experiment = original(grouplasso=ISS, overrides=["sparsity.penalties.0.strength=0.002"])
    assert experiment.sparsity.penalties[0].strength == 0.002


@pytest.mark.parametrize(
    "keys, key, hint",
    [
        ({"learning_rat": 1}, "learning_rat did nothing in the original", "did you mean 'learning_rate'?"),
        ({"grouplaso": {}}, "grouplaso did nothing", "did you mean 'grouplasso'?"),
        ({"weight_decay": -1}, "weight_decay is -1", "at least 0"),
        ({"weight_decay": "0"}, 'weight_decay is "0"', "a finite number"),
        ({"dropout_keep_prob": 0}, "dropout_keep_prob is 0", "above 0 and at most 1"),
        ({"grouplasso": 3}, "grouplasso is 3", "an object"),
        ({"grouplasso": {}}, "grouplasso.global_decay is missing", "at least 0"),
        ({"grouplasso": {"global_decay": 1}}, "grouplasso", "penalises nothing"),
        ({"grouplasso": {"global_decay": 1, "Model/softmax": {}}}, "Model/softmax'", "did you mean 'Model/softmax_w'?"),
        (
            {"grouplasso": {"global_decay": 0.005, CELL.format(1): {"block_decay_multi": [1.0, 1.0]}}},
            "cell_1/basic_lstm_cell/weights.block_decay_multi",
            "did nothing in the original code",
        ),
        (
            {"grouplasso": changed(ISS, CELL.format(0), row_decay_mult=1)},
            "cell_0/basic_lstm_cell/weights.row_decay_mult",
            "did you mean 'row_decay_multi'?",
        ),
        (
            {"grouplasso": changed(ISS, CELL.format(0), coupled_layer="Model/softmax_w", couple_split_num=1)},
            "cell_0/basic_lstm_cell/weights.coupled_layer",
            "read by '{}'".format(variables.kernel(1)),
        ),
        ({"grouplasso": changed(ISS, CELL.format(0), coupled_layer=None)}, "coupled_layer is missing", "read by"),
        ({"grouplasso": changed(ISS, CELL.format(0), coupled_layer="x")}, "coupled_layer", "there is no variable 'x'"),
        ({"grouplasso": changed(ISS, CELL.format(1), couple_split_num=2)}, "couple_split_num is 2", "must be 1"),
        (
            {"grouplasso": {"global_decay": 1, "Model/softmax_w": {"structure_decay_multi": 1}}},
            "Model/softmax_w.structure_decay_multi",
            "kernels of LSTM layers",
        ),
        (
            {"grouplasso": dict(ISS, **{variables.kernel(0): {"row_decay_multi": 1.0}})},
            variables.kernel(0),
            "other spelling",
        ),
    ],
)
def test_a_wrong_file_of_the_original_is_refused(original, keys, key, hint):
    with pytest.raises(UserError) as caught:
        original(**keys)
    message = str(caught.value)
    assert "original.json: " in message and key in message and hint in message and "\n" not in message


@pytest.mark.parametrize(
    "model, flags, hint",
    [
        (None, {}, "also needs --model, one of small, medium"),
        ("sparslarge", {}, "did you mean 'sparselarge'?"),
        ("large", {"optimizer": "gdd"}, "did you mean 'gd'?"),
        ("large", {"freeze_mode": "elements"}, "did you mean 'element'?"),
        ("large", {"regularizer": "l2_regularizer"}, "did you mean 'l1_regularizer'?"),
    ],
)
def test_wrong_flags_are_refused(original, model, flags, hint):
    with pytest.raises(UserError) as caught:
        original(model, flags=flags)
    assert hint in str(caught.value)


def test_the_originals_flags_are_refused_beside_our_own_format():
    with pytest.raises(UserError) as caught:
        load_experiment(os.path.join(CONFIGS, "small.json"), "sparselarge")
    assert "--model" in str(caught.value) and "--set" in str(caught.value)


@pytest.mark.parametrize(
    "override, hint",
    [
        ("model.hidden_sizes=[]", "model.hidden_sizes is empty"),
        ("model.hidden_sizes=200", "null or a list, each entry an integer of at least 1"),
        ("model.hidden_sizes=[10]", "sparsity.penalties.0.groups: there is no group 'lstm_1'"),
        ("model.keep_prob=0", "model.keep_prob is 0"),
        ("data.max_vocabulary=1", "null or an integer of at least 2"),
        ('sparsity.penalties.0.groups=["lstm0"]', "did you mean 'lstm_0'?"),
        ('sparsity.zero_variables=["softmax_w"]', "did you mean 'Model/softmax_w'?"),
        ('train.variables=["Model/softmax"]', "train.variables: there is no variable 'Model/softmax'; did you mean"),
    ],
)
def test_an_experiment_that_its_model_cannot_run_is_refused(override, hint):
    with pytest.raises(UserError) as caught:
        shipped("large_iss", override)
    assert hint in str(caught.value)
