"""The highway network's structure, built by hand, is what is found in its graphs."""

import pytest

import sparse_rnn
from rhns import config
from rhns.trainer import TRAINER
from sparse_rnn import groups, recurrence
from sparse_rnn.compat import static_shape, tf, variables_by_name
from sparse_rnn.training import text
from sparse_rnn.training.language import evaluation, train
from tests import tiny

MODELS = {
    "tied": ["model.hidden_sizes=[6]"],
    "untied": ["model.hidden_sizes=[6]", "model.tied=false", "model.embedding_size=4"],
    "two tied layers": ["model.hidden_sizes=[7,5]"],
    "two untied layers": ["model.hidden_sizes=[7,5]", "model.tied=false", "model.embedding_size=4"],
}


def experiment(overrides, *more):
    sizes = ["model.depth=3", "train.num_steps=4", "train.batch_size=2", 'sparsity.penalties.0.groups=["rhn_*"]']
    return config.load_experiment("rhns/configs/quickstart.json", sizes + overrides + list(more))


def check(found, built, graph):
    assert {frozenset(group.slices) for group in found} == {frozenset(group.slices) for group in built}
    assert sorted(group.size for group in found) == sorted(group.size for group in built)
    groups.check(built, {name: tuple(static_shape(each)) for name, each in variables_by_name(every(graph)).items()})


def every(graph):
    return graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)


@pytest.mark.parametrize("longest_unrolled", [64, 0], ids=["unrolled", "loop"])
@pytest.mark.parametrize("model", sorted(MODELS))
def test_training_graph_has_the_structure_that_is_built_by_hand(model, longest_unrolled, graph, monkeypatch, tmp_path):
    monkeypatch.setattr(recurrence, "LONGEST_UNROLLED", longest_unrolled)
    chosen = experiment(MODELS[model], "train.weight_decay=0.001")
    train.build(TRAINER, chosen, text.load_corpus(tiny.write_text(tmp_path)))
    found = sparse_rnn.discover(graph)
    check(found, TRAINER.structure(chosen.model, 11), graph)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_plain_graph_has_it_too(model, graph):
    chosen = experiment(MODELS[model])
    weights = TRAINER.weights(chosen.model, 11, 0)
    made = evaluation.Evaluation(TRAINER, chosen.model, weights, 2, 4, "Plain")
    assert static_shape(made.logits) == [8, 11]
    found = sparse_rnn.discover(graph)
    built = TRAINER.structure(chosen.model, 11)
    without_state = {frozenset(part for part in group.slices if part.role != "state") for group in built}
    assert {frozenset(group.slices) for group in found} == without_state
