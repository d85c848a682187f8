import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_rnn import compaction, cost, group_files, groups, iss, sparsity
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice, UnitGroup
from tests import original_files, reference

STEPS, BATCH = 6, 3


def random_weights(shapes, seed):
    rng = np.random.RandomState(seed)
    return {name: rng.uniform(-1.0, 1.0, shape) for name, shape in shapes.items()}


def random_words(vocabulary, seed):
    return np.random.RandomState(seed).randint(vocabulary, size=[STEPS, BATCH])


def silence(weights, group, units):
    """Zero all that reads the units; their gates and biases stay as they are."""
    for part in group.select(groups.OUTGOING):
        np.moveaxis(weights[part.variable], part.axis, 0)[[part.start + unit for unit in units]] = 0.0


def assert_unchanged(run, weights, structure, removed):
    """Compact, and hold the outputs and the number of removed units against what they should be."""
    before = run(weights)
    small = compaction.compact(weights, structure)
    np.testing.assert_allclose(run(small.weights), before, rtol=0, atol=1e-12)
    assert np.ptp(before) > 0.01
    assert [group.size - len(small.kept[group.name]) for group in structure] == removed
    kept = {name: len(units) for name, units in small.kept.items()}
    assert groups.shapes_of(small.weights) == cost.shrunk_shapes(groups.shapes_of(weights), structure, kept)
    groups.check(small.structure, groups.shapes_of(small.weights))
    assert_expands(run, before, small, groups.shapes_of(weights), structure)
    return small


def assert_expands(run, before, small, shapes, structure):
    """Put back into their old shapes, the arrays are the same function, and are cut to the same ones again."""
    expanded = compaction.expand(small.weights, structure, small.kept, shapes)
    assert groups.shapes_of(expanded) == shapes
    np.testing.assert_allclose(run(expanded), before, rtol=0, atol=1e-12)
    again = compaction.compact(expanded, structure)
    for name, array in small.weights.items():
        np.testing.assert_array_equal(again.weights[name], array)


def test_an_lstm_with_a_tied_embedding():
    words, units = 11, 5
    shapes = {
        "embedding": (words, units),
        "kernel": (2 * units, 4 * units),
        "bias": (4 * units,),
        "softmax_b": (words,),
    }
    weights = random_weights(shapes, seed=1)
    # Column k of the embedding is unit k on the way in and on the way out, so rows k and units + k go with it.
    readers = [iss.Consumer("embedding", axis=1), iss.Consumer("kernel")]
    structure = [iss.lstm_units("lstm", "kernel", "bias", units, units, readers)]
    silence(weights, structure[0], [0, 3])
    ids = random_words(words, seed=2)

    def run(w):
        outputs, _ = reference.lstm(w["embedding"][ids], w["kernel"], w["bias"], forget_bias=1.0)
        return outputs @ w["embedding"].T + w["softmax_b"]

    small = assert_unchanged(run, weights, structure, removed=[2])
    np.testing.assert_array_equal(small.weights["embedding"], weights["embedding"][:, [1, 2, 4]])


def test_a_bidirectional_lstm_read_by_another_one_and_by_an_output_matrix():
    sizes, top, width = (4, 3), 2, 6
    shapes = {"fw": (width + 4, 16), "fw_b": (16,), "bw": (width + 3, 12), "bw_b": (12,)}
    shapes.update({"top": (width + 7 + top, 4 * top), "top_b": (4 * top,), "logits": (7 + top, 5)})
    weights = random_weights(shapes, seed=3)
    # The top layer reads the inputs first, then both directions; the output matrix reads both directions first.
    readers = [iss.Consumer("top", start=width), iss.Consumer("logits")]
    structure = iss.bidirectional_lstm_units("g", ("fw", "bw"), ("fw_b", "bw_b"), width, sizes, readers)
    structure.append(iss.lstm_units("top", "top", "top_b", width + 7, top, [iss.Consumer("logits", start=7)]))
    silence(weights, structure[0], [1])
    silence(weights, structure[1], [0, 2])
    inputs = np.random.RandomState(4).randn(STEPS, BATCH, width)

    def run(w):
        both = reference.bidirectional_lstm(inputs, (w["fw"], w["fw_b"]), (w["bw"], w["bw_b"]))
        above, _ = reference.lstm(np.concatenate([inputs, both], axis=2), w["top"], w["top_b"])
        return np.concatenate([both, above], axis=2) @ w["logits"]

    assert_unchanged(run, weights, structure, removed=[1, 2, 0])


def test_a_gru():
    width, units = 3, 5
    shapes = {"g": (width + units, 2 * units), "g_b": (2 * units,), "c": (width + units, units), "c_b": (units,)}
    weights = random_weights(dict(shapes, logits=(units, 4)), seed=5)
    structure = [iss.gru_units("gru", "g", "g_b", "c", "c_b", width, units, [iss.Consumer("logits")])]
    silence(weights, structure[0], [0, 1, 4])
    inputs = np.random.RandomState(6).randn(STEPS, BATCH, width)

    def run(w):
        outputs, _ = reference.gru(inputs, w["g"], w["g_b"], w["c"], w["c_b"])
        return outputs @ w["logits"]

    assert_unchanged(run, weights, structure, removed=[3])


def test_a_recurrent_highway_network_by_the_group_file_of_the_original(tmp_path):
    width, depth, words = 5, 3, 11
    weights = random_weights(original_files.rhn_shapes(width, depth, words), seed=7)
    path = tmp_path / "groups.json"
    path.write_text(json.dumps(original_files.rhn_file(width, depth)))
    structure = group_files.load(path, groups.shapes_of(weights))
    silence(weights, structure[0], [2, 3])
    ids = random_words(words, seed=8)

    def run(w):
        def linear(kind):
            scopes = ["model/RHN0/{}_{}/Linear/".format(kind, i) for i in range(depth)]
            return [(w[scope + "Matrix"], w[scope + "Bias"]) for scope in scopes]

        outputs, _ = reference.rhn(w["model/embedding"][ids], linear("h"), linear("t"))
        return outputs @ w["model/embedding"].T + w["model/softmax_b"]

    assert_unchanged(run, weights, structure, removed=[2])


def test_units_that_feed_only_dead_units_go_with_them():
    weights, structure = small_lstm()
    silence(weights, structure[0], [0, 1])
    weights["kernel"][2 + 0, [1, 5, 9]] = 3.0  # unit 0 feeds unit 1, unit 1 feeds itself: nothing else reads them
    weights["kernel"][2 + 1, [1, 5, 9, 13]] = 2.0

    assert_unchanged(run_small_lstm, weights, structure, removed=[2])


class Stack:
    """A random stack: embedding, uni- or bidirectional LSTM layers, a matrix that reads every layer at an offset."""

    words = 6

    def __init__(self, embedding, layers):
        self.layers = layers
        shapes = {"embedding": (self.words, embedding)}
        widths = [embedding] + [sum(sizes) for sizes in layers]
        self.structure = []
        for depth in range(len(widths)):
            readers = [iss.Consumer("all_w", start=sum(widths[:depth]))]
            if depth < len(layers):
                readers += [iss.Consumer(self.cell(depth, part)) for part in range(len(layers[depth]))]
            else:
                readers += [iss.Consumer("last_w", axis=1)]
            if depth == 0:
                self.structure.append(iss.input_units("embedding", "embedding", embedding, readers))
                continue
            sizes, width = layers[depth - 1], widths[depth - 1]
            cells = [self.cell(depth - 1, part) for part in range(len(sizes))]
            for cell, size in zip(cells, sizes):
                shapes.update({cell: (width + size, 4 * size), cell + "_bias": (4 * size,)})
            biases = [cell + "_bias" for cell in cells]
            if len(sizes) == 1:
                self.structure.append(iss.lstm_units(cells[0], cells[0], biases[0], width, sizes[0], readers))
            else:
                self.structure += iss.bidirectional_lstm_units(cells[0], cells, biases, width, sizes, readers)
        shapes.update({"all_w": (sum(widths), 3), "last_w": (self.words, widths[-1]), "last_b": (self.words,)})
        self.shapes = shapes

    @staticmethod
    def cell(layer, part):
        return "cell_{}/{}/kernel".format(layer, ("fw", "bw")[part])

    def run(self, w, ids):
        x = w["embedding"][ids]
        seen = [x]
        for depth, sizes in enumerate(self.layers):
            cells = [(w[self.cell(depth, p)], w[self.cell(depth, p) + "_bias"]) for p in range(len(sizes))]
            x = reference.lstm(x, *cells[0])[0] if len(cells) == 1 else reference.bidirectional_lstm(x, *cells)
            seen.append(x)
        return np.concatenate([np.concatenate(seen, axis=2) @ w["all_w"], x @ w["last_w"].T + w["last_b"]], axis=2)


SIZE = st.integers(1, 7)
LAYERS = st.lists(st.one_of(st.tuples(SIZE), st.tuples(SIZE, SIZE)), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(SIZE, LAYERS, st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.booleans(), st.integers(0, 2**31))
def test_any_stack_computes_the_same_after_removal(embedding, layers, dead, chained, with_slots, seed):
    stack = Stack(embedding, layers)
    weights = random_weights(stack.shapes, seed)
    rng = np.random.RandomState(seed)
    marked = {group.name: np.flatnonzero(rng.rand(group.size) < dead) for group in stack.structure}
    original = copy.deepcopy(weights)
    for group in stack.structure:
        silence(weights, group, marked[group.name])
    if rng.rand() < chained:
        # Give the marked units back what they say to gates of marked units: they stay dead.
        for reader in stack.structure:
            for gate in reader.select(["gate"]):
                for unit in gate.start + marked[reader.name]:
                    column = np.moveaxis(weights[gate.variable], gate.axis, 0)
                    column[unit] = np.moveaxis(original[gate.variable], gate.axis, 0)[unit]
    if with_slots:
        weights.update({"Train/{}/Adam".format(name): 2.0 * array for name, array in list(weights.items())})
    ids = random_words(stack.words, seed)

    before = copy.deepcopy(weights)
    small = compaction.compact(weights, stack.structure)

    np.testing.assert_allclose(stack.run(small.weights, ids), stack.run(weights, ids), rtol=0, atol=1e-11)
    for group, shrunk in zip(stack.structure, small.structure):
        expected = np.setdiff1d(np.arange(group.size), marked[group.name])
        np.testing.assert_array_equal(small.kept[group.name], expected if expected.size else [0])
        for old, new in zip(group.slices, shrunk.slices):
            # The new slices lie where the kept units are: each holds nothing but what its unit held before.
            for unit, held in zip(small.kept[group.name], new.of(small.weights[new.variable], shrunk.size)):
                assert np.isin(held, old.of(weights[old.variable], group.size)[unit]).all()
            assert (old.variable, old.axis, old.role) == (new.variable, new.axis, new.role)
    groups.check(small.structure, groups.shapes_of(small.weights))
    assert all(np.array_equal(array, before[name]) for name, array in weights.items())
    again = compaction.compact(small.weights, small.structure)
    assert groups.shapes_of(again.weights) == groups.shapes_of(small.weights)
    if with_slots:
        for name in stack.shapes:
            np.testing.assert_array_equal(small.weights["Train/{}/Adam".format(name)], 2.0 * small.weights[name])


def small_lstm():
    weights = random_weights({"kernel": (2 + 4, 16), "bias": (16,), "softmax_w": (4, 5)}, seed=9)
    return weights, [iss.lstm_units("lstm", "kernel", "bias", 2, 4, [iss.Consumer("softmax_w")], states=["h"])]


def run_small_lstm(w):
    inputs = np.random.RandomState(10).randn(STEPS, BATCH, 2)
    return reference.lstm(inputs, w["kernel"], w["bias"])[0] @ w["softmax_w"]


def test_slots_averages_and_carried_state_shrink_and_the_rest_is_copied():
    weights, structure = small_lstm()
    silence(weights, structure[0], [1])
    weights["kernel/ExponentialMovingAverage"] = weights["kernel"] + 1.0
    weights["train/softmax_w/Adam_1"] = weights["softmax_w"] + 2.0
    weights["h"] = np.arange(12.0).reshape(3, 4)
    weights["unrelated"] = np.ones([6, 16])
    weights["kernel/scale"] = np.ones([16])
    weights["global_step"] = np.array(7, dtype=np.int64)
    small = compaction.compact(weights, structure).weights
    np.testing.assert_array_equal(small["kernel/ExponentialMovingAverage"], small["kernel"] + 1.0)
    np.testing.assert_array_equal(small["train/softmax_w/Adam_1"], small["softmax_w"] + 2.0)
    np.testing.assert_array_equal(small["h"], weights["h"][:, [0, 2, 3]])
    assert (small["unrelated"].shape, small["kernel/scale"].shape) == ((6, 16), (16,))
    assert (small["global_step"], small["global_step"].dtype) == (7, np.int64)
    small["unrelated"][:] = 0.0
    assert weights["unrelated"].all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_stays(dtype):
    weights, structure = small_lstm()
    silence(weights, structure[0], [0])
    typed = {name: array.astype(dtype) for name, array in weights.items()}
    small = compaction.compact(typed, structure)
    assert {array.dtype for array in small.weights.values()} == {np.dtype(dtype)}
    assert small.weights["bias"].shape == (12,)


def test_the_new_structure_starts_where_the_units_are_now():
    lower = iss.lstm_units("lower", "k0", "b0", 2, 3, [iss.Consumer("k1")])
    upper = iss.lstm_units("upper", "k1", "b1", 3, 2, [iss.Consumer("softmax_w")], states=["absent"])
    shapes = {"k0": (5, 12), "b0": (12,), "k1": (5, 8), "b1": (8,), "softmax_w": (2, 7)}
    weights = random_weights(shapes, seed=11)
    silence(weights, lower, [0, 2])
    small = compaction.compact(weights, [lower, upper])
    assert small.structure == [
        iss.lstm_units("lower", "k0", "b0", 2, 1, [iss.Consumer("k1")]),
        iss.lstm_units("upper", "k1", "b1", 1, 2, [iss.Consumer("softmax_w")], states=["absent"]),
    ]


def test_one_unit_stays_where_all_are_dead():
    weights, structure = small_lstm()
    silence(weights, structure[0], range(4))
    small = compaction.compact(weights, structure)
    np.testing.assert_array_equal(small.kept["lstm"], [0])
    np.testing.assert_array_equal(run_small_lstm(small.weights), np.zeros([STEPS, BATCH, 5]))


@pytest.mark.parametrize("kept", [[3, 0, 2], np.array([True, False, True, True]), np.array([0, 2, 3], dtype=np.uint8)])
def test_a_choice_of_units_can_be_given_as_mask_or_indices(kept):
    weights, structure = small_lstm()
    silence(weights, structure[0], [1, 2])
    small = compaction.compact(weights, structure, kept={"lstm": kept})
    np.testing.assert_array_equal(small.kept["lstm"], [0, 2, 3])
    np.testing.assert_allclose(run_small_lstm(small.weights), run_small_lstm(weights), rtol=0, atol=1e-12)


def test_a_group_without_a_choice_keeps_all_its_units():
    weights, structure = small_lstm()
    silence(weights, structure[0], [1])
    np.testing.assert_array_equal(compaction.compact(weights, structure, kept={}).kept["lstm"], [0, 1, 2, 3])


def test_cutting_a_unit_that_is_still_read_is_refused_and_says_by_what():
    weights, structure = small_lstm()
    silence(weights, structure[0], [0, 1])
    weights["softmax_w"][1, 4] = 1e-30
    with pytest.raises(UserError, match="unit 1 of 'lstm' is still read by 'softmax_w'; keep it"):
        compaction.compact(weights, structure, kept={"lstm": [2, 3]})


@pytest.mark.parametrize(
    "kept, message",
    [
        ({"lstm_0": [0]}, "no group 'lstm_0'; did you mean 'lstm'"),
        ({"lstm": []}, "must say which units stay, one at least"),
        ({"lstm": [False] * 4}, "must say which units stay, one at least"),
        ({"lstm": [True] * 5}, "a mask of 4 bools or a list of indices"),
        ({"lstm": [0.5]}, "a mask of 4 bools or a list of indices"),
        ({"lstm": 3}, "a mask of 4 bools or a list of indices"),
        ({"lstm": [0, 4]}, "has unit 4, but the units are 0 to 3"),
        ({"lstm": [-1, 2]}, "has unit -1, but the units are 0 to 3"),
    ],
)
def test_a_choice_that_makes_no_sense_is_one_sentence(kept, message):
    weights, structure = small_lstm()
    silence(weights, structure[0], [0, 1, 2, 3])
    with pytest.raises(UserError, match=message):
        compaction.compact(weights, structure, kept=kept)


def test_a_structure_of_another_model_is_refused():
    weights, structure = small_lstm()
    with pytest.raises(UserError, match=r"\[2, 6\) does not fit"):
        compaction.compact(dict(weights, kernel=weights["kernel"][:5]), structure)


def test_what_the_report_promises_is_what_compaction_leaves():
    weights, structure = small_lstm()
    silence(weights, structure[0], [0, 2])
    promised = sparsity.report(weights, structure)
    small = compaction.compact(weights, structure)
    left = sparsity.report(small.weights, small.structure)
    assert (left.weights, left.multiply_adds) == (promised.weights_after, promised.multiply_adds_after)
    assert [group.size for group in left.groups] == [group.kept for group in promised.groups]


def test_a_variable_of_rank_three_is_cut_along_the_units_axis():
    group = UnitGroup("filters", 3, (Slice("conv", 2, 1, "gate"), Slice("read", 0, 0, "consumer")))
    weights = random_weights({"conv": (2, 3, 5), "read": (3, 2, 2)}, seed=12)
    silence(weights, group, [1])
    small = compaction.compact(weights, [group])
    np.testing.assert_array_equal(small.weights["conv"], weights["conv"][:, :, [0, 1, 3, 4]])
    np.testing.assert_array_equal(small.weights["read"], weights["read"][[0, 2]])
