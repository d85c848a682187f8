import json

import numpy as np
import pytest

from sparse_rnn import cost, group_files, iss
from sparse_rnn.errors import UserError
from tests import original_files


def stacked_lstm(sizes, embedding=1500, vocabulary=10000):
    """Shapes and structure of the paper's language model."""
    shapes = {"embedding": (vocabulary, embedding)}
    structure = []
    width = embedding
    for layer, units in enumerate(sizes):
        kernel, bias = "kernel_{}".format(layer), "bias_{}".format(layer)
        shapes.update({kernel: (width + units, 4 * units), bias: (4 * units,)})
        reader = "kernel_{}".format(layer + 1) if layer + 1 < len(sizes) else "softmax_w"
        structure.append(iss.lstm_units("lstm_{}".format(layer), kernel, bias, width, units, [iss.Consumer(reader)]))
        width = units
    shapes.update({"softmax_w": (width, vocabulary), "softmax_b": (vocabulary,)})
    return shapes, structure


def original_structure(tmp_path, content, shapes):
    path = tmp_path / "groups.json"
    path.write_text(json.dumps(content))
    return group_files.load(path, shapes)


@pytest.mark.parametrize(
    "sizes, weights, times_fewer",
    [((1500, 1500), 66022000, 1.0), ((373, 315), 21824148, 7.487), ((381, 535), 25190548, 5.011)],
)
def test_the_counts_of_table_1(sizes, weights, times_fewer):
    shapes, structure = stacked_lstm((1500, 1500))
    small = cost.shrunk_shapes(shapes, structure, {"lstm_0": sizes[0], "lstm_1": sizes[1]})
    assert small == stacked_lstm(sizes)[0]
    assert cost.weight_count(small) == weights
    ratio = cost.multiply_adds(shapes, structure) / cost.multiply_adds(small, structure)
    assert ratio == pytest.approx(times_fewer, abs=5e-4)


@pytest.mark.parametrize("width, weights", [(830, 23482400), (517, 11070698)])
def test_the_counts_of_table_2(tmp_path, width, weights):
    shapes = original_files.rhn_shapes(830)
    structure = original_structure(tmp_path, original_files.rhn_file(830), shapes)
    small = cost.shrunk_shapes(shapes, structure, {"group_0": width})
    assert small == original_files.rhn_shapes(width)
    assert cost.weight_count(small) == weights


@pytest.mark.parametrize(
    "kept, millions",
    [
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
def test_the_counts_of_tables_3_and_4(tmp_path, kept, millions):
    # The paper starts at 2.69 M and does not count biases, and its group file leaves out the attended vector's rows.
    shapes = original_files.bidaf_shapes(100, biases=False)
    structure = original_structure(tmp_path, original_files.bidaf_file(100), shapes)
    small = cost.shrunk_shapes(shapes, structure, dict(zip([group.name for group in structure], kept)))
    left = 2690000 - cost.weight_count(shapes) + cost.weight_count(small)
    assert np.floor(left / 10000) / 100 == millions


def test_looking_up_an_embedding_is_free_but_multiplying_with_it_is_not():
    shapes = {"embedding": (11, 3), "kernel": (5, 8)}
    lookup = iss.input_units("embedding", "embedding", 3, [iss.Consumer("kernel")])
    assert cost.multiply_adds(shapes, [lookup]) == 40
    tied = iss.lstm_units("lstm", "kernel", None, 3, 2, [iss.Consumer("embedding", axis=1)])
    assert cost.multiply_adds(shapes, [tied]) == 40 + 33


def test_a_matrix_read_by_several_groups_counts_once():
    shapes = {"embedding": (11, 3), "kernel": (5, 8)}
    structure = [
        iss.input_units("embedding", "embedding", 3, [iss.Consumer("kernel")]),
        iss.lstm_units("lstm", "kernel", None, 3, 2),
    ]
    assert cost.multiply_adds(shapes, structure) == 40


@pytest.mark.parametrize("kept", [0, 6, -1])
def test_an_impossible_number_of_kept_units_is_refused(kept):
    shapes, structure = stacked_lstm((5,), embedding=3, vocabulary=7)
    with pytest.raises(UserError, match="'lstm_0' has 5 units, so from 1 to 5 can be kept, not {}".format(kept)):
        cost.shrunk_shapes(shapes, structure, {"lstm_0": kept})


def test_an_unknown_group_is_refused_with_the_nearest():
    shapes, structure = stacked_lstm((5, 4))
    with pytest.raises(UserError, match="no group 'lstm1'; did you mean 'lstm_1'"):
        cost.shrunk_shapes(shapes, structure, {"lstm1": 2})
