"""The sections that trainers share, and the learning-rate schedules."""

import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training import config, options
from sparse_rnn.training.options import Penalty, Schedule, Sparsity, Train
from sparse_rnn.training.schedules import learning_rate

VARIABLES = ["net/cell_0/kernel", "net/cell_0/bias", "net/cell_1/kernel", "net/cell_1/bias", "softmax_w"]


def penalty(**tree):
    return config.from_dict(Penalty, dict({"kind": "units", "strength": 0.5}, **tree), "run.json")


@pytest.mark.parametrize("epochs, lr, factor, after", [(13, 1.0, 0.5, 4), (39, 1.0, 0.8, 6), (55, 0.7, 1 / 1.15, 14)])
def test_delayed_decay_is_the_tutorials(epochs, lr, factor, after):
    train = Train(epochs=epochs, learning_rate=lr, schedule=Schedule("delayed_decay", factor, after))
    expected = [lr * factor ** max(epoch + 1 - after, 0.0) for epoch in range(epochs)]
    assert [learning_rate(train, epoch) for epoch in range(epochs)] == pytest.approx(expected, rel=1e-15)


def test_delayed_decay_is_the_highway_networks_quick_start():
    train = Train(epochs=500, learning_rate=0.2, schedule=Schedule("delayed_decay", 1 / 1.02, 20))
    expected = [0.2 / 1.02 ** max(epoch - 20 + 1, 0) for epoch in range(500)]
    assert [learning_rate(train, epoch) for epoch in range(500)] == pytest.approx(expected, rel=1e-12)


def test_equal_steps_leaves_the_55th_epoch_a_stage_of_its_own():
    train = Train(epochs=55, schedule=Schedule("equal_steps", 0.1, parts=3))
    rates = [learning_rate(train, epoch) for epoch in range(55)]
    assert rates == pytest.approx([1.0] * 18 + [0.1] * 18 + [0.01] * 18 + [0.001])
    assert rates == pytest.approx([0.1 ** (epoch // (55 // 3)) for epoch in range(55)])


def test_equal_steps_works_for_fewer_epochs_than_parts():
    train = Train(epochs=2, schedule=Schedule("equal_steps", 0.1, parts=3))
    assert [learning_rate(train, epoch) for epoch in range(2)] == pytest.approx([1.0, 0.1])


def test_constant_ignores_the_rest_of_the_schedule():
    train = Train(learning_rate=0.3, schedule=Schedule("constant", 0.5, 0))
    assert {learning_rate(train, epoch) for epoch in range(13)} == {0.3}


@pytest.mark.parametrize(
    "tree, key, hint",
    [
        ({}, "groups", "needs groups or a group_file"),
        ({"groups": ["a"], "group_file": "g.json"}, "groups", "one of the two"),
        ({"groups": ["a"], "variables": ["b"]}, "variables", "takes groups"),
        ({"groups": ["a", "b", "a"]}, "groups", "lists 'a' twice"),
        ({"group_file": "g.json", "multipliers": {"a": 2}}, "multipliers", "holds its own"),
        ({"kind": "l1"}, "variables", '"*" for all'),
        ({"kind": "rows", "variables": ["a"], "groups": ["b"]}, "groups", "takes variables"),
        ({"kind": "columns", "variables": ["a"], "group_file": "g.json"}, "group_file", "takes variables"),
        ({"kind": "l1", "variables": ["a", "a"]}, "variables", "twice"),
        ({"kind": "unit", "groups": ["a"]}, "kind", "did you mean 'units'?"),
        ({"groups": ["a"], "strength": -1}, "strength", "at least 0"),
    ],
)
def test_a_penalty_that_contradicts_itself_is_refused(tree, key, hint):
    with pytest.raises(UserError) as caught:
        penalty(**tree)
    assert "run.json: {}".format(key) in str(caught.value) and hint in str(caught.value)


def test_a_multiplier_scales_the_strength_of_what_it_names_in_either_spelling():
    scaled = penalty(kind="rows", variables=["net/*"], multipliers={"net/cell_0/weights": 3})
    assert scaled.strength_of("net/cell_0/kernel") == 1.5
    assert scaled.strength_of("net/cell_1/kernel") == 0.5


def test_the_threshold_is_active_only_while_something_is_penalised():
    assert Sparsity(threshold=0.25).active_threshold == 0.0
    assert Sparsity(penalties=(penalty(groups=["a"]),), threshold=0.25).active_threshold == 0.25


@pytest.mark.parametrize(
    "key, value, why",
    [("scale_by_size", True, "change with every unit"), ("group_file", "g.json", "indices are those of the model")],
)
def test_penalties_that_would_not_survive_a_cut_are_refused_while_dead_units_are_cut_out(key, value, why):
    tree = {"kind": "units", "strength": 0.5, key: value}
    if key != "group_file":
        tree["groups"] = ["lstm_0"]
    plain = {"kind": "units", "strength": 0.5, "groups": ["lstm_0"]}
    config.from_dict(Sparsity, {"penalties": [plain, tree]}, "run.json")
    with pytest.raises(UserError) as caught:
        config.from_dict(Sparsity, {"penalties": [plain, tree], "compact_every_epochs": 2}, "run.json")
    assert str(caught.value).startswith("run.json: penalties.1.{} cannot go with compact_every_epochs: ".format(key))
    assert why in str(caught.value)


def test_patterns_match_each_variable_once_in_either_spelling():
    patterns = ["net/cell_1/*", "net/*/weights", "softmax_w"]
    expected = ["net/cell_1/kernel", "net/cell_1/bias", "net/cell_0/kernel", "softmax_w"]
    assert options.match_names(patterns, VARIABLES, "here") == expected
    assert options.match_names(["*"], VARIABLES, "here") == VARIABLES


@pytest.mark.parametrize(
    "sparsity, place, hint",
    [
        (Sparsity((Penalty("units", 1.0, groups=("lstm0",)),)), "penalties.0.groups", "'lstm_0'?"),
        (Sparsity((Penalty("l1", 1.0, variables=("softmax",)),)), "penalties.0.variables", "'softmax_w'?"),
        (Sparsity(zero_variables=("net/cell_2/*",)), "zero_variables", "did you mean 'net/cell_"),
        (
            Sparsity((Penalty("units", 1.0, groups=("lstm_0",), multipliers={"lstm_1": 2.0}),)),
            "penalties.0.multipliers",
            "there is no penalised name 'lstm_1'; did you mean 'lstm_0'?",
        ),
    ],
)
def test_names_that_match_nothing_are_refused(sparsity, place, hint):
    with pytest.raises(UserError) as caught:
        options.check_names(sparsity, ["lstm_0", "lstm_1"], VARIABLES, lambda key: "run.json: " + key)
    assert str(caught.value).startswith("run.json: {}: there is no".format(place)) and hint in str(caught.value)


def test_names_that_match_are_accepted():
    listed = (
        Penalty("units", 1.0, groups=("lstm_1",), multipliers={"lstm_1": 2.0}),
        Penalty("rows", 1.0, variables=("net/*/weights",), multipliers={"net/cell_0/weights": 2.0}),
    )
    options.check_names(Sparsity(listed), ["lstm_0", "lstm_1"], VARIABLES, lambda key: key)
