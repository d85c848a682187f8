"""Language models with moving averages of their weights: what reads them, and that they go wherever weights go."""

import os
import re

import numpy as np
import pytest

import ptb.trainer
import rhns.trainer
from rhns import compact, evaluate, train
from rhns.trainer import TRAINER
from sparse_rnn import checkpoints
from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.training import averages, config, text
from sparse_rnn.training.language import evaluation, restoring
from sparse_rnn.training.language import train as training
from tests import tiny, tiny_rhns
from tests.graphs import session
from tests.interruptions import Killed, kill_at

AVERAGED = ["train.average_decay=0.9", "sparsity.compact_every_epochs=1"]


@pytest.fixture(scope="module")
def averaged(tmp_path_factory, text_folder):
    """A run that keeps averages and shrinks, never interrupted; not to be changed."""
    run = str(tmp_path_factory.mktemp("averaged") / "run")
    with tiny.without_figures():
        assert train.main(tiny_rhns.arguments(run, text_folder, *AVERAGED)) == 0
    return run


@pytest.mark.parametrize(
    "trainer, tree", [(rhns.trainer.TRAINER, tiny_rhns.CONFIG), (ptb.trainer.TRAINER, tiny.CONFIG)], ids=["rhns", "ptb"]
)
def test_training_validates_what_a_model_with_the_averages_as_weights_gives(graph, text_folder, trainer, tree):
    tree = dict(tree, train=dict(tree["train"], average_decay=0.9))
    experiment, corpus = config.from_dict(trainer.experiment, tree, "test"), text.load_corpus(text_folder)
    task = training.build(trainer, experiment, corpus)
    with session() as opened:
        for done in range(6):
            feed = task.feed(done)
            feed[task.step.learning_rate] = 0.3
            opened.run(task.step.run, feed)
        opened.run(tf.local_variables_initializer())
        (found,) = task.evaluate(opened).values()
        arrays = opened.run(variables_by_name(tf.global_variables()))
    names = list(trainer.shapes(experiment.model, len(corpus.vocabulary)))
    assert all(np.abs(arrays[name + averages.SUFFIX] - arrays[name]).max() > 0 for name in names)
    perplexities = []
    for weights in (averages.of(arrays), arrays):
        loaded = evaluation.LoadedLanguageModel(trainer, experiment, weights)
        perplexities.append(loaded.perplexity(corpus.valid, "batched", "valid"))
        loaded.session.close()
    assert found == pytest.approx(perplexities[0], rel=1e-6) != pytest.approx(perplexities[1], rel=1e-4)


def test_a_run_says_the_perplexity_of_its_averages_everywhere(averaged, text_folder, capsys):
    row = tiny.table(averaged)[-1]
    with open(os.path.join(averaged, "report.txt")) as file:
        assert re.search(r"^valid +{:.3f} ".format(row["valid_perplexity"]), file.read(), re.MULTILINE)
    flags = ["--restore_path=" + averaged, "--data_path=" + text_folder, "--splits", "valid", "--styles", "batched"]
    assert evaluate.main(flags) == 0
    assert "valid perplexity {:.4f} batched".format(row["valid_perplexity"]) in capsys.readouterr().out


def test_averages_are_cut_along_with_the_units(averaged):
    (first, last), arrays = tiny.table(averaged), checkpoints.read(averaged)
    assert first["units/rhn_0/in_graph"] == last["units/rhn_0/size"] == 7
    assert last["units/rhn_0/in_graph"] == first["units/rhn_0/kept"] < 7
    assert max(first["logit_difference"], last["logit_difference"]) < 1e-5
    assert restoring.restore(TRAINER, averaged).experiment.model.hidden_sizes == (last["units/rhn_0/kept"],)
    kept = [name for name in arrays if name + averages.SUFFIX in arrays]
    assert len(kept) == 10
    assert all(arrays[name].shape == arrays[name + averages.SUFFIX].shape for name in kept)


def test_an_interrupted_run_ends_in_the_same_averages(averaged, text_folder, tmp_path, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny_rhns.arguments(run, text_folder, *AVERAGED)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, checkpoints, "save", call=50)  # in the second epoch, after a cut
        train.main(arguments)
    assert train.main(arguments) == 0
    assert tiny.table(run) == tiny.table(averaged)
    assert tiny.same_weights(tiny.weights(run), tiny.weights(averaged))


def test_what_follows_from_a_run_begins_with_its_averages(averaged, text_folder, tmp_path, no_figures):
    weights = averages.of(checkpoints.read(averaged))
    small, run = str(tmp_path / "small"), str(tmp_path / "run")
    flags = ["--restore_path=" + averaged, "--data_path=" + text_folder]
    assert compact.main(flags + ["--save_path=" + small]) == 0
    cut = restoring.restore(TRAINER, small).arrays
    np.testing.assert_array_equal(cut["model/softmax_b"], weights["model/softmax_b"])
    still = ["train.learning_rate=1e-30", "train.average_decay=0.9", "train.epochs=1", "sparsity={}"]
    still += ["model.hidden_sizes=null"]
    assert train.main(tiny_rhns.arguments(run, text_folder, *still, restore_path=averaged)) == 0
    begun = checkpoints.read(run)
    for name in cut:
        for now in (begun[name], begun[name + averages.SUFFIX]):
            np.testing.assert_allclose(now, weights[name], rtol=1e-5, atol=1e-20)
