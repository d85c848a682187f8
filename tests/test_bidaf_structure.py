import numpy as np
import pytest

import sparse_rnn
from bidaf import evaluation, model, restoring, structure, variables
from bidaf.config import Experiment
from sparse_rnn import compaction, cost, files, group_files, groups
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.groups import OUTGOING
from sparse_rnn.training import optimization, penalties
from sparse_rnn.training import options as sections
from sparse_rnn.training.config import from_dict
from tests import bidaf_tiny
from tests.original_files import bidaf_file

WORD_SIZE = bidaf_tiny.COUNTS.word_size


def slices(found):
    """Each group's slices without its name."""
    return sorted(sorted((part.variable, part.axis, part.start, part.role) for part in group.slices) for group in found)


@pytest.mark.parametrize(
    "towers, keys",
    [
        (2, {"highway_layers": 1}),
        (1, {"share_lstm_weights": False, "logits": "double", "char_heights": [5, 2], "char_channels": [4, 3]}),
        (1, {"logits": "dot", "q2c": False, "highway_layers": 0, "train_word_vectors": True}),
    ],
)
def test_the_structure_is_what_discover_finds_in_the_training_graph(graph, towers, keys):
    experiment = bidaf_tiny.experiment(**keys)
    inputs = model.placeholders()
    made = model.weights(experiment.model, bidaf_tiny.COUNTS, 1)
    costs = model.training_cost(experiment.model, made, inputs, [None] * towers, ["/cpu:0"] * towers)
    units = structure.structure(experiment.model, WORD_SIZE)
    optimization.training_step(costs, experiment.train, experiment.sparsity, units, average_decay=0.9)
    assert slices(sparse_rnn.discover(graph)) == slices(units)


def test_the_six_groups_are_those_of_the_paper_and_the_attended_rows_that_its_file_forgot():
    options = from_dict(Experiment, {"model": {"hidden_size": 4}}, "test").model
    by_name = {group.name: group for group in structure.structure(options, WORD_SIZE)}
    for number, entries in enumerate(bidaf_file(4)["groups"]):
        layer, direction = divmod(number, 2)
        group = by_name["g{}_{}".format(layer, ("fw", "bw")[direction])]
        wanted = {(part["var_name"].replace("weights", "kernel"), 1 - part["axis"], part["start"]) for part in entries}
        if layer == 1:
            wanted |= {(variables.cell("g2", reader), 0, 40 + 4 * direction) for reader in ("fw", "bw")}
        found = group.select(["gate", "recurrent", "consumer"])
        assert {(part.variable, part.axis, part.start) for part in found} == wanted


def test_the_originals_group_file_penalises_this_model(tmp_path):
    options = from_dict(Experiment, {"model": {"hidden_size": 4}}, "test").model
    shapes = variables.shapes(options, bidaf_tiny.COUNTS)
    path = tmp_path / "groups_hidden4.json"
    files.write_json(str(path), bidaf_file(4))
    loaded = group_files.load(path, shapes)
    assert [group.size for group in loaded] == [4] * 6
    assert [len(group.select(["recurrent", "consumer"])) for group in loaded] == [3, 3, 6, 6, 2, 2]


@pytest.mark.parametrize(
    "kept, millions",
    [
        ((100, 100, 100, 100, 100, 100), 2.69),
        ((100, 95, 78, 82, 71, 52), 2.08),
        ((84, 90, 38, 46, 34, 21), 1.48),
        ((54, 47, 22, 30, 18, 12), 1.03),
        ((52, 50, 19, 26, 15, 12), 1.01),
        ((87, 81, 87, 92, 74, 96), 2.29),
        ((51, 33, 42, 58, 37, 26), 1.17),
        ((20, 33, 40, 38, 31, 16), 0.95),
        ((23, 22, 35, 35, 25, 14), 0.88),
    ],
)
def test_the_weights_of_the_papers_models_are_counted_as_the_paper_counts(kept, millions):
    # The paper starts at 2.69 M, does not count biases of what is removed, and leaves the attended vector's rows.
    options = from_dict(Experiment, {}, "test").model
    shapes = variables.shapes(options, variables.Counts(1100, 90000, 200, 100))
    names = ["g{}_{}".format(layer, direction) for layer in range(3) for direction in ("fw", "bw")]
    counted = {name: shape for name, shape in shapes.items() if not name.endswith("bias")}
    by_name = {group.name: group for group in structure.structure(options, 100)}
    # Rows 10d to 12d of g2 read the attended vector.
    forgotten = [
        part for name in names[2:4] for part in by_name[name].slices if part.axis == 0 and 1000 <= part.start < 1200
    ]
    assert len(forgotten) == 4
    trimmed = [
        groups.UnitGroup(
            name,
            100,
            tuple(part for part in by_name[name].slices if part not in forgotten and part.variable in counted),
        )
        for name in names
    ]
    small = cost.shrunk_shapes(counted, trimmed, dict(zip(names, kept)))
    left = 2690000 - cost.weight_count(counted) + cost.weight_count(small)
    assert np.floor(left / 10000) / 100 == millions


def test_the_weights_of_the_whole_model_are_those_of_the_original():
    shapes = variables.shapes(from_dict(Experiment, {}, "test").model, variables.Counts(1100, 90000, 200, 100))
    shapes.pop(variables.GLOVE)
    assert cost.weight_count(shapes) == 2682303


def scores(options, arrays, data):
    reader = evaluation.Reader(options, restoring.counts_of(options, arrays)).load(arrays)
    found = list(evaluation.real_scores([reader.scores(data)]))
    reader.close()
    return found


@pytest.mark.parametrize("keys", [{"no_answer": True}, {"share_lstm_weights": False, "logits": "double"}])
def test_removal_of_dead_units_of_every_group_changes_no_score(keys):
    options = bidaf_tiny.options(**keys)
    arrays, random = bidaf_tiny.arrays(options), np.random.RandomState(7)
    units = structure.structure(options, WORD_SIZE)
    dead = {group.name: random.permutation(group.size)[: 1 + group.size // 3] for group in units}
    for group in units:
        for part in group.select(OUTGOING):
            np.moveaxis(arrays[part.variable], part.axis, 0)[part.start + dead[group.name]] = 0
    small = compaction.compact(arrays, units)
    assert all(set(dead[name]).isdisjoint(kept) for name, kept in small.kept.items())
    resized = restoring.resized(options, {group.name: group.size for group in small.structure})
    assert list(small.structure) == structure.structure(resized, WORD_SIZE)
    data = bidaf_tiny.batch()
    for before, after in zip(scores(options, arrays, data), scores(resized, small.weights, data)):
        np.testing.assert_allclose(after, before, atol=2e-5)


def test_a_unit_whose_attended_rows_alone_are_left_is_not_removed():
    options = bidaf_tiny.options()
    arrays = bidaf_tiny.arrays(options)
    group = groups.find(structure.structure(options, WORD_SIZE), "g1_fw", "test")
    mixed, width = variables.input_width(options, variables.sizes(options, WORD_SIZE), "g0"), 5 + 6
    for part in group.select(OUTGOING):
        if (part.variable, part.start) != (variables.cell("g2", "fw"), mixed + width):
            arrays[part.variable][part.start + 2] = 0
    units = structure.structure(options, WORD_SIZE)
    assert 2 in compaction.compact(arrays, units).kept["g1_fw"]


def test_names_in_a_config_are_held_against_the_model():
    for tree, sentence in [
        ({"model": {"units": {"g0_fv": 3}}}, "model.units: there is no group 'g0_fv'; did you mean 'g0_fw'?"),
        (
            {"model": {"use_words": False, "use_chars": False}},
            "model.use_words: a model without words needs use_chars.",
        ),
        ({"model": {"char_heights": [5, 3]}}, "model.char_channels has 1 entries and char_heights 2"),
        ({"model": {"char_heights": [5, 5], "char_channels": [2, 2]}}, "lists one height twice"),
        ({"data": {"word_characters": 4}}, r"data.word_characters is 4, but a filter spans 5 characters"),
        ({"train": {"variables": ["main/g3/*"]}}, "train.variables: there is no variable 'main/g3/*'; did you mean"),
        (
            {"sparsity": {"penalties": [{"kind": "units", "strength": 1, "groups": ["g2_*", "g9"]}]}},
            "there is no group 'g9'; did you mean",
        ),
    ]:
        with pytest.raises(UserError) as refused:
            from_dict(Experiment, tree, "test")
        assert sentence in str(refused.value)


def test_the_originals_mixed_lasso_is_rows_columns_and_l1_by_pattern(graph):
    options = bidaf_tiny.options()
    made = model.weights(options, bidaf_tiny.COUNTS, 1)
    section = from_dict(
        sections.Sparsity,
        {
            "penalties": [
                {"kind": "rows", "strength": 0.5, "variables": ["main/g*/kernel", "prepro/*/kernel"]},
                {"kind": "columns", "strength": 0.5, "variables": ["main/g*/kernel", "prepro/*/kernel"]},
                {"kind": "l1", "strength": 0.1, "variables": ["main/logits*", "main/p0/*", "*/basic_lstm_cell/bias"]},
            ]
        },
        "test",
    )
    total = penalties.total(section, structure.structure(options, WORD_SIZE))
    with tf.Session() as opened:
        opened.run(tf.global_variables_initializer())
        found, values = opened.run([total, made])
    wanted = 0.0
    for name, array in values.items():
        if name.startswith(("main/", "prepro/")):
            if array.ndim == 2 and array.shape[1] > 1:
                wanted += 0.5 * sum(np.sqrt((array**2).sum(axis=axis) + 1e-8).sum() for axis in (0, 1))
            else:
                wanted += 0.1 * np.abs(array).sum()
    assert found == pytest.approx(wanted, rel=1e-5)
