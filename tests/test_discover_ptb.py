"""The language model's structure, built by hand, is what is found in its training graph."""

import pytest

import sparse_rnn
from ptb import config, model
from ptb.trainer import TRAINER
from sparse_rnn import groups, recurrence
from sparse_rnn.compat import static_shape, tf, variables_by_name
from sparse_rnn.training import text
from sparse_rnn.training.language import train
from tests import tiny

SMALL = [
    "model.hidden_sizes=[7,5]",
    "model.embedding_size=6",
    "model.keep_prob=0.5",
    "train.num_steps=4",
    "train.batch_size=3",
]


@pytest.mark.parametrize("longest_unrolled", [64, 0], ids=["unrolled", "loop"])
@pytest.mark.parametrize("overrides", [[], ["sparsity.freeze=group", "train.optimizer=adam"]], ids=["sgd", "frozen"])
def test_training_graph_has_the_structure_that_is_built_by_hand(
    longest_unrolled, overrides, graph, monkeypatch, tmp_path
):
    monkeypatch.setattr(recurrence, "LONGEST_UNROLLED", longest_unrolled)
    experiment = config.load_experiment("ptb/configs/small_iss.json", None, SMALL + overrides)
    train.build(TRAINER, experiment, text.load_corpus(tiny.write_text(tmp_path)))
    found = sparse_rnn.discover(graph)
    built = model.structure(experiment.model)
    assert {frozenset(group.slices) for group in found} == {frozenset(group.slices) for group in built}
    assert {group.size for group in found} == {7, 5, 6}
    shapes = {name: tuple(static_shape(each)) for name, each in variables_by_name(tf.global_variables()).items()}
    groups.check(found, shapes)
    scope = "Model/RNN/multi_rnn_cell/cell_0/basic_lstm_cell"
    assert {"Train/state/cell_0/c", "Train/state/cell_0/h"} <= set(found.carried[scope])
