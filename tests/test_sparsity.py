import json

import numpy as np
import pytest

from sparse_rnn import groups, iss, sparsity
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice, UnitGroup

INPUT, UNITS, WORDS = 3, 4, 7


def network(dtype=np.float64):
    """One LSTM layer with an output matrix: no weight is zero."""
    rng = np.random.RandomState(0)
    weights = {
        "kernel": rng.uniform(1.0, 2.0, [INPUT + UNITS, 4 * UNITS]).astype(dtype),
        "bias": rng.uniform(1.0, 2.0, [4 * UNITS]).astype(dtype),
        "softmax_w": rng.uniform(1.0, 2.0, [UNITS, WORDS]).astype(dtype),
    }
    structure = [iss.lstm_units("lstm", "kernel", "bias", INPUT, UNITS, [iss.Consumer("softmax_w")])]
    return weights, structure


def gates_of(unit):
    return [unit + block * UNITS for block in range(4)]


def live(weights, structure):
    return list(np.flatnonzero(sparsity.live_units(weights, structure)["lstm"]))


def test_a_unit_without_outgoing_weights_is_dead_whatever_its_gates_and_biases_are():
    weights, structure = network()
    weights["kernel"][INPUT + 2] = weights["softmax_w"][2] = 0.0
    assert live(weights, structure) == [0, 1, 3]


def test_a_unit_without_gates_is_live_because_its_bias_still_speaks():
    weights, structure = network()
    weights["kernel"][:, gates_of(2)] = 0.0
    assert live(weights, structure) == [0, 1, 2, 3]


@pytest.mark.parametrize("place", [("kernel", (INPUT + 2, 0)), ("kernel", (INPUT + 2, 15)), ("softmax_w", (2, 6))])
@pytest.mark.parametrize("value, dtype", [(1e-30, np.float32), (1e-300, np.float64), (np.nan, np.float32)])
def test_one_outgoing_weight_keeps_a_unit_even_where_its_square_is_zero_or_it_is_no_number(place, value, dtype):
    weights, structure = network(dtype)
    weights["kernel"][INPUT + 2] = weights["softmax_w"][2] = 0.0
    variable, index = place
    weights[variable][index] = value
    assert live(weights, structure) == [0, 1, 2, 3]


def test_a_unit_that_only_feeds_itself_is_dead():
    weights, structure = network()
    weights["kernel"][INPUT + 2] = weights["softmax_w"][2] = 0.0
    weights["kernel"][INPUT + 2, gates_of(2)] = 5.0
    assert live(weights, structure) == [0, 1, 3]


def test_units_that_only_feed_each_other_are_dead_until_one_is_read():
    weights, structure = network()
    for unit, reader in ((0, 1), (1, 2), (2, 0)):
        weights["softmax_w"][unit] = weights["kernel"][INPUT + unit] = 0.0
        weights["kernel"][INPUT + unit, gates_of(reader)[unit]] = 1.0
    assert live(weights, structure) == [3]
    weights["softmax_w"][0, 4] = 1.0
    assert live(weights, structure) == [0, 1, 2, 3]


def test_units_of_a_layer_whose_readers_are_dead_die_with_them():
    lower = iss.lstm_units("lower", "k0", None, 2, 3, [iss.Consumer("k1")])
    upper = iss.lstm_units("upper", "k1", None, 3, 2, [iss.Consumer("softmax_w")])
    weights = {"k0": np.ones([5, 12]), "k1": np.ones([5, 8]), "softmax_w": np.ones([2, 7])}
    weights["softmax_w"][1] = weights["k1"][3:, :] = weights["k0"][2:] = 0.0
    weights["k1"][1, 0::2] = 0.0  # lower unit 1 feeds only upper unit 1, which nothing reads
    mask = sparsity.live_units(weights, [lower, upper])
    np.testing.assert_array_equal(mask["lower"], [True, False, True])
    np.testing.assert_array_equal(mask["upper"], [True, False])


def brute_force(weights, structure):
    """The rule of live_units, element by element."""
    live = {group.name: set() for group in structure}
    while True:
        dead_places = {
            (part.variable, part.axis, part.start + unit)
            for group in structure
            for part in group.select(["gate"])
            for unit in set(range(group.size)) - live[group.name]
        }
        woken = {
            (group.name, index[part.axis] - part.start)
            for group in structure
            for part in group.select(groups.OUTGOING)
            for index in zip(*np.nonzero(weights[part.variable]))
            if index[part.axis] in part.indices(group.size)
            and not any((part.variable, a, i) in dead_places for a, i in enumerate(index) if a != part.axis)
        }
        if all(unit in live[name] for name, unit in woken):
            return live
        for name, unit in woken:
            live[name].add(unit)


@pytest.mark.parametrize("seed", range(20))
def test_the_rule_holds_for_sparse_arrays_of_any_rank(seed):
    rng = np.random.RandomState(seed)
    shapes = {"cube": (5, 6, 4), "matrix": (6, 7), "vector": (9,)}
    weights = {name: rng.randn(*shape) * (rng.rand(*shape) < 0.06) for name, shape in shapes.items()}
    structure = [
        UnitGroup(
            "a", 3, (Slice("cube", 0, 1, "recurrent"), Slice("cube", 1, 0, "gate"), Slice("matrix", 1, 0, "gate"))
        ),
        UnitGroup(
            "b", 3, (Slice("cube", 1, 3, "gate"), Slice("matrix", 0, 3, "consumer"), Slice("cube", 2, 1, "gate"))
        ),
        UnitGroup("c", 4, (Slice("matrix", 1, 3, "gate"), Slice("vector", 0, 5, "consumer"))),
    ]
    found = {name: set(np.flatnonzero(mask)) for name, mask in sparsity.live_units(weights, structure).items()}
    assert found == brute_force(weights, structure)


def test_a_group_that_nothing_is_said_to_read_is_refused():
    with pytest.raises(UserError, match="'embedding' names nothing that reads its units"):
        sparsity.live_units({"embedding": np.ones([5, 3])}, [iss.input_units("embedding", "embedding", 3, [])])


def test_readers_are_named_for_live_units_only():
    weights, structure = network()
    weights["kernel"][INPUT + 2] = weights["softmax_w"][2] = weights["kernel"][INPUT + 1] = 0.0
    assert sparsity.readers(weights, structure, "lstm", 0) == ["kernel", "softmax_w"]
    assert sparsity.readers(weights, structure, "lstm", 1) == ["softmax_w"]
    assert sparsity.readers(weights, structure, "lstm", 2) == []


def test_a_zero_unit_has_no_penalised_weight_but_may_have_biases():
    weights, structure = network()
    for unit in (1, 2):
        weights["kernel"][:, gates_of(unit)] = weights["kernel"][INPUT + unit] = weights["softmax_w"][unit] = 0.0
    weights["kernel"][0, gates_of(2)[3]] = 1e-200
    np.testing.assert_array_equal(sparsity.zero_units(weights, structure)["lstm"], [False, True, False, False])


def test_a_layer_keeps_its_first_unit_where_all_are_dead():
    weights, structure = network()
    weights["softmax_w"][:] = 0.0
    assert live(weights, structure) == []
    np.testing.assert_array_equal(sparsity.kept_units(weights, structure)["lstm"], [0])


@pytest.fixture
def sparse_report():
    weights, structure = network()
    for unit in (1, 2):
        weights["kernel"][INPUT + unit] = weights["softmax_w"][unit] = 0.0
    weights["kernel"][:, gates_of(2)] = 0.0
    weights.update({"kernel/Adam": weights["kernel"], "global_step": np.array(7), "h": np.ones([5, UNITS])})
    structure = [UnitGroup("lstm", UNITS, structure[0].slices + (Slice("h", 1, 0, "state"),))]
    return sparsity.report(weights, structure)


def test_the_report_counts_units_zeros_and_costs_of_trainable_variables_alone(sparse_report):
    assert sparse_report.groups == [sparsity.GroupCount("lstm", size=4, kept=2, removed=2, zero=1)]
    assert [variable.name for variable in sparse_report.variables] == ["kernel", "bias", "softmax_w"]
    kernel, bias, _ = sparse_report.variables
    assert (kernel.rows, kernel.columns) == ((2, 7), (4, 16))
    assert kernel.elements == pytest.approx((2 * 16 + 5 * 4) / (7 * 16))
    assert (bias.elements, bias.rows) == (0.0, None)
    assert (sparse_report.weights, sparse_report.weights_after) == (7 * 16 + 16 + 28, 5 * 8 + 8 + 14)
    assert (sparse_report.multiply_adds, sparse_report.multiply_adds_after) == (7 * 16 + 28, 5 * 8 + 14)


def test_the_report_reads_as_a_table_that_says_kept_of_total(sparse_report):
    text = str(sparse_report)
    assert "lstm  kept 2 of 4  removed 2  zero 1\n" in text
    assert "2 of 7 rows  4 of 16 columns" in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_the_report_is_json_a_csv_row_and_tensorboard_scalars(sparse_report):
    assert json.loads(json.dumps(sparse_report.as_dict()))["groups"][0]["kept"] == 2
    scalars = sparse_report.scalars()
    assert scalars["units/lstm/kept"] == 2
    assert scalars["sparsity/kernel/rows"] == pytest.approx(2 / 7)
    assert scalars["sparsity/kernel/columns"] == pytest.approx(4 / 16)
    assert scalars["sparsity/bias/elements"] == 0.0
    assert "sparsity/bias/rows" not in scalars
    row = sparse_report.as_row()
    assert set(row) - set(scalars) == {
        "units/lstm/size", "weights", "weights_after", "multiply_adds", "multiply_adds_after"
    }  # fmt: skip
    assert all(isinstance(value, (int, float)) for value in row.values())


def test_the_variables_to_report_can_be_named():
    weights, structure = network()
    report = sparsity.report(weights, structure, variables=["softmax_w"])
    assert ([variable.name for variable in report.variables], report.weights) == (["softmax_w"], 28)
    with pytest.raises(UserError, match="no variable 'softmax'; did you mean 'softmax_w'"):
        sparsity.report(weights, structure, variables=["softmax"])
