"""Cutting dead units out of a trained language model: the same function, in a run directory like any other."""

import json
import os
import re
import shutil

import numpy as np
import pytest

from ptb import compact, evaluate, model, train, variables
from ptb.trainer import TRAINER
from sparse_rnn import checkpoints, compaction, cost, group_files
from sparse_rnn.errors import UserError
from sparse_rnn.training.language import comparison, evaluation, restoring
from tests import tiny

DEAD = {"lstm_0": [0, 3, 4], "lstm_1": [1]}


def kill(arrays, structure, dead):
    """Set the outgoing weights of units to zero, so that nothing reads them any more."""
    arrays = {name: array.copy() for name, array in arrays.items()}
    for group in structure:
        for part in group.select(["recurrent", "consumer"]):
            along = np.moveaxis(arrays[part.variable], part.axis, 0)
            along[[part.start + unit for unit in dead.get(group.name, [])]] = 0.0
    return arrays


@pytest.fixture(scope="module")
def killed(tmp_path_factory, trained):
    """The trained run with some units more that are dead, and weights of the others as large as a real model's."""
    run = str(tmp_path_factory.mktemp("killed") / "run")
    shutil.copytree(trained, run)
    arrays = checkpoints.read(run)
    structure = model.structure(restoring.restore(TRAINER, run).experiment.model)
    for name in variables.all_variables(2):
        arrays[name] = np.random.RandomState(len(name)).uniform(-0.8, 0.8, arrays[name].shape).astype(np.float32)
    checkpoints.write(kill(arrays, structure, DEAD), run, step=68)
    return run


@pytest.fixture(scope="module")
def small(killed, tmp_path_factory, text_folder):
    """The run directory that compact.py makes of it, and what it printed there."""
    run = str(tmp_path_factory.mktemp("small") / "run")
    assert compact.main(arguments(killed, text_folder, run)) == 0
    return run


def arguments(run, text, save_path, *more):
    return ["--restore_path=" + run, "--data_path=" + text, "--save_path=" + save_path] + list(more)


def perplexities(capsys, run, text):
    capsys.readouterr()
    evaluate.main(["--restore_path=" + run, "--data_path=" + text])
    return re.findall(r"(\w+ perplexity [\d.]+ \w+)\n", capsys.readouterr().out)


def refusal(*given):
    try:
        compact.main(arguments(*given))
    except UserError as error:
        return str(error)
    raise AssertionError("nothing was refused")


def test_the_small_model_is_the_same_function(killed, small, text_folder, capsys):
    before, after = (perplexities(capsys, run, text_folder) for run in (killed, small))
    assert len(before) == 4 and before == after
    corpus = restoring.corpus_for(restoring.restore(TRAINER, small), text_folder)
    scores = []
    for run in (killed, small):
        restored = restoring.restore(TRAINER, run)
        loaded = evaluation.LoadedLanguageModel(TRAINER, restored.experiment, restored.arrays)
        batches = evaluation.batches_of(corpus.test, "full", restored.experiment.train, "test")
        scores.append(next(loaded.evaluation("full").scores(loaded.session, batches)))
        loaded.session.close()
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-5)


def test_dead_units_are_gone_and_the_others_weights_are_untouched(killed, small):
    before, after = restoring.restore(TRAINER, killed), restoring.restore(TRAINER, small)
    assert after.experiment.model.hidden_sizes == (4, 4) and after.experiment.model.embedding_size == 6
    assert after.experiment.train == before.experiment.train
    kept = [1, 2, 5, 6]
    np.testing.assert_array_equal(
        after.arrays[variables.bias(0)].reshape(4, 4), before.arrays[variables.bias(0)].reshape(4, 7)[:, kept]
    )
    np.testing.assert_array_equal(after.arrays[variables.SOFTMAX_W], before.arrays[variables.SOFTMAX_W][[0, 2, 3, 4]])
    np.testing.assert_array_equal(after.arrays[variables.EMBEDDING], before.arrays[variables.EMBEDDING])


def test_the_report_puts_both_models_side_by_side(killed, small):
    with open(os.path.join(small, "report.json")) as file:
        report = json.load(file)
    shapes = [variables.shapes(restoring.restore(TRAINER, run).experiment.model, 11) for run in (killed, small)]
    assert [report["weights"], report["weights_after"]] == [cost.weight_count(each) for each in shapes]
    for split in ("valid", "test"):
        assert report["perplexity"][split][0] == pytest.approx(report["perplexity"][split][1], rel=1e-6)
    assert 0 <= report["logit_difference"] < 1e-5 and report["compared_words"] == 4 * 18
    assert report["speed_up"] == pytest.approx(
        report["timings"][0]["milliseconds"] / report["timings"][1]["milliseconds"]
    )
    with open(os.path.join(small, "report.txt")) as file:
        words = file.read()
    for line in (
        r"^lstm_0 +7 +kept 4 of 7$",
        r"^lstm_1 +5 +kept 4 of 5$",
        r"^embedding +6 +kept 6 of 6$",
        r"^test perplexity, full +(\d+\.\d{4}) +\1$",
        r"^weights +784 +\d+$",
        r"^speed-up +[\d.]+x$",
    ):
        assert re.search(line, words, re.MULTILINE), line


def test_it_is_a_run_directory_like_any_other(small):
    assert sorted(os.listdir(small)) == [
        ".lock",
        "checkpoint",
        "config.json",
        "kept.json",
        "log.txt",
        "model.ckpt-0.data-00000-of-00001",
        "model.ckpt-0.index",
        "origin.json",
        "report.json",
        "report.txt",
        "structure.json",
        "vocabulary.txt",
    ]
    restored = restoring.restore(TRAINER, small)
    shapes = {name: array.shape for name, array in restored.arrays.items()}
    assert group_files.load(os.path.join(small, "structure.json"), shapes) == model.structure(restored.experiment.model)
    with open(os.path.join(small, "origin.json")) as file:
        assert json.load(file)["compacted_from"].endswith("model.ckpt-68")


def test_it_can_be_compacted_again_when_more_units_die(small, text_folder, tmp_path, capsys):
    run = str(tmp_path / "copy")
    shutil.copytree(small, run)
    restored = restoring.restore(TRAINER, run)
    checkpoints.write(
        kill(restored.arrays, model.structure(restored.experiment.model), {"lstm_1": [0, 3]}), run, step=0
    )
    smaller = str(tmp_path / "smaller")
    assert compact.main(arguments(run, text_folder, smaller)) == 0
    assert restoring.restore(TRAINER, smaller).experiment.model.hidden_sizes == (4, 2)
    assert perplexities(capsys, run, text_folder) == perplexities(capsys, smaller, text_folder)


def test_it_can_be_trained_on(small, text_folder, tmp_path, no_figures):
    run = str(tmp_path / "run")
    opened = ["model.hidden_sizes=null", "model.embedding_size=null", "sparsity.penalties=[]", "train.epochs=1"]
    assert train.main(tiny.arguments(run, text_folder, *opened, restore_path=small)) == 0
    assert restoring.restore(TRAINER, run).experiment.model.hidden_sizes == (4, 4)
    row = tiny.table(run)[0]
    assert row["units/lstm_0/size"] == 4 and row["penalty"] == 0
    restored = restoring.restore(TRAINER, small)
    loaded = evaluation.LoadedLanguageModel(TRAINER, restored.experiment, restored.arrays)
    corpus = restoring.corpus_for(restored, text_folder)
    assert row["valid_perplexity"] < loaded.perplexity(corpus.valid, "batched", "validation")
    loaded.session.close()


def test_a_bare_checkpoint_with_a_config_is_made_small_too(killed, small, text_folder, tmp_path):
    bare, run = str(tmp_path / "bare"), str(tmp_path / "run")
    checkpoints.write(restoring.restore(TRAINER, killed).arrays, bare, step=7)
    config = "--config=" + tiny.write_config(tmp_path / "config.json")
    assert compact.main(arguments(os.path.join(bare, "model.ckpt-7"), text_folder, run, config)) == 0
    assert tiny.same_weights(tiny.weights(run), tiny.weights(small))


def test_the_same_command_again_makes_the_same_model(killed, small, text_folder):
    before = tiny.weights(small)
    assert compact.main(arguments(killed, text_folder, small)) == 0
    assert tiny.same_weights(before, tiny.weights(small))


def test_a_model_without_dead_units_is_copied(small, text_folder, tmp_path):
    run = str(tmp_path / "run")
    assert compact.main(arguments(small, text_folder, run)) == 0
    assert tiny.same_weights(tiny.weights(small), tiny.weights(run))


def test_nothing_else_is_overwritten(killed, trained, text_folder, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years")
    for path, sentence in [
        (killed, "holds another experiment: model.hidden_sizes"),
        (trained, "holds another experiment: model.hidden_sizes"),
        (str(tmp_path / "thesis"), "is not empty and holds no run (it has 'thesis.tex')"),
        (str(tmp_path / "thesis" / "thesis.tex"), "is a file; a run directory is needed"),
    ]:
        before = tiny.contents(path)
        assert sentence in refusal(killed, text_folder, path)
        assert tiny.contents(path) == before


def test_its_own_source_is_not_overwritten_where_nothing_is_dead(small, text_folder):
    before = tiny.contents(small)
    assert "holds another experiment: compacted_from is " in refusal(small, text_folder, small)
    assert tiny.contents(small) == before


def test_a_removal_that_changed_the_function_would_be_refused(killed, text_folder, tmp_path, monkeypatch):
    structure = model.structure(restoring.restore(TRAINER, killed).experiment.model)
    original = compaction.compact

    def wrong(arrays, parts):
        return original(kill(arrays, structure, {"lstm_1": [2]}), parts)

    monkeypatch.setattr(compaction, "compact", wrong)
    message = refusal(killed, text_folder, str(tmp_path / "run"))
    assert re.match(r"the smaller model differs from the larger one by .* in a logit; nothing was written\.", message)
    assert os.listdir(str(tmp_path)) == []


def test_unreadable_numbers_are_no_proof(killed, text_folder):
    restored = restoring.restore(TRAINER, killed)
    corpus = restoring.corpus_for(restored, text_folder)
    broken = dict(restored.arrays, **{variables.SOFTMAX_B: np.full(11, np.nan, np.float32)})
    models = [
        evaluation.LoadedLanguageModel(TRAINER, restored.experiment, arrays) for arrays in (restored.arrays, broken)
    ]
    with pytest.raises(UserError, match="differs from the larger one by nan"):
        comparison.compare(models[0], models[1], restored.experiment.train, corpus)
    for each in models:
        each.session.close()


def test_what_cannot_be_read_makes_nothing(killed, text_folder, tmp_path):
    for path, text, sentence in [
        ("none", text_folder, "'none' is no run directory"),
        (killed, "none", "there is no file or folder 'none'"),
    ]:
        assert sentence in refusal(path, text, str(tmp_path / "run"))
    assert os.listdir(str(tmp_path)) == []
