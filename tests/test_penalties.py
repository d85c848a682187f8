import json

import numpy as np
import pytest

from ptb import model, variables
from ptb.config import Experiment
from sparse_rnn import group_files
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, penalties

OPTIONS = config.from_dict(Experiment, {"model": {"hidden_sizes": [4, 3], "embedding_size": 5}}, "test").model
WORDS = 11
EPSILON = 1e-8


def lines(matrix, axis):
    return np.sqrt((matrix.astype(np.float64) ** 2).sum(axis=axis) + EPSILON).sum()


def units(weights, layer):
    """Group Lasso of a layer by the paper's formula: gate columns, recurrent row, row of the reader."""
    kernel = weights[variables.kernel(layer)].astype(np.float64)
    reader = weights[variables.reader_of(layer, 2)].astype(np.float64)
    size = kernel.shape[1] // 4
    recurrent = kernel[-size:]
    columns = (kernel**2).sum(axis=0).reshape(4, size).sum(axis=0)
    return np.sqrt(columns + (recurrent**2).sum(axis=1) + (reader[:size] ** 2).sum(axis=1) + EPSILON).sum()


@pytest.fixture
def total(graph, tmp_path):
    """The penalty of a sparsity section on the graph of a small model, and the weights of that model."""

    def build(*terms, **keys):
        section = {"sparsity": dict({"penalties": list(terms)}, **keys)}
        sparsity = config.from_dict(Experiment, section, "test", str(tmp_path)).sparsity
        model.weights(OPTIONS, WORDS, seed=3)
        built = penalties.total(sparsity, model.structure(OPTIONS))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            trainable = tf.trainable_variables()
            weights = dict(zip([variable.op.name for variable in trainable], session.run(trainable)))
            return session.run(built), weights

    return build


def test_no_penalty_is_zero(total):
    assert total()[0] == 0.0


def test_units_follow_the_papers_formula(total):
    found, weights = total({"kind": "units", "strength": 0.5, "groups": ["lstm_0", "lstm_1"]})
    assert found == pytest.approx(0.5 * (units(weights, 0) + units(weights, 1)), rel=1e-5)


def test_rows_columns_and_l1_add_up(total):
    kernel = variables.kernel(1)
    found, weights = total(
        {"kind": "rows", "strength": 0.5, "variables": [kernel]},
        {"kind": "columns", "strength": 0.25, "variables": [kernel]},
        {"kind": "l1", "strength": 0.125, "variables": ["Model/softmax_*"]},
    )
    l1 = sum(np.abs(weights[name]).sum() for name in (variables.SOFTMAX_W, variables.SOFTMAX_B))
    matrix = weights[kernel]
    assert found == pytest.approx(0.5 * lines(matrix, 1) + 0.25 * lines(matrix, 0) + 0.125 * l1, rel=1e-5)


def test_multipliers_act_on_their_group_or_variable(total):
    groups, softmax = ["lstm_0", "lstm_1"], variables.SOFTMAX_W
    found, weights = total(
        {"kind": "units", "strength": 0.5, "groups": groups, "multipliers": {"lstm_1": 3}},
        {"kind": "l1", "strength": 2, "variables": [softmax, variables.EMBEDDING], "multipliers": {softmax: 0.5}},
    )
    l1 = np.abs(weights[softmax]).sum() + 2 * np.abs(weights[variables.EMBEDDING]).sum()
    assert found == pytest.approx(0.5 * units(weights, 0) + 1.5 * units(weights, 1) + l1, rel=1e-5)


def test_scaling_by_size_multiplies_each_norm_by_the_root_of_its_size(total):
    softmax = variables.SOFTMAX_W
    found, weights = total({"kind": "rows", "strength": 1, "variables": [softmax], "scale_by_size": True})
    assert found == pytest.approx(np.sqrt(WORDS) * lines(weights[softmax], 1), rel=1e-5)


def test_a_group_file_is_penalised_in_place_of_the_models_groups(total, tmp_path):
    group_files.save(model.structure(OPTIONS)[1:2], str(tmp_path / "groups.json"))
    found, weights = total({"kind": "units", "strength": 0.5, "group_file": "groups.json"})
    assert found == pytest.approx(0.5 * units(weights, 1), rel=1e-5)


def test_a_group_file_in_the_originals_format_means_its_entries(total, tmp_path):
    kernel = variables.kernel(1).replace("kernel", "weights")
    entries = [{"var_name": kernel, "multi": 2.0, "axis": 0, "start": 3, "end": 6}]
    (tmp_path / "groups.json").write_text(json.dumps({"groups": [entries]}))
    found, weights = total({"kind": "units", "strength": 1, "group_file": "groups.json"})
    assert found == pytest.approx(
        np.sqrt(2.0 * (weights[variables.kernel(1)][:, 3:6] ** 2).sum(axis=0) + EPSILON).sum(), rel=1e-5
    )


@pytest.mark.parametrize(
    "term, sentence",
    [
        (
            {"kind": "units", "strength": 1, "groups": ["lstm0"]},
            "sparsity.penalties.0.groups: there is no group 'lstm0'; did you mean 'lstm_0'?",
        ),
        (
            {"kind": "l1", "strength": 1, "variables": ["Model/softmax"]},
            "there is no variable 'Model/softmax'; did you mean 'Model/softmax_",
        ),
        ({"kind": "rows", "strength": 1, "variables": ["Model/softmax_b"]}, "row and column penalties need a matrix"),
        ({"kind": "units", "strength": 1, "group_file": "none.json"}, "none.json: cannot be read"),
    ],
)
def test_what_matches_nothing_is_refused(total, term, sentence):
    with pytest.raises(UserError) as caught:
        total(term)
    assert sentence in str(caught.value)
