"""Trained models from wherever they lie: run directories, and checkpoints as the original code wrote them."""

import os
import re
import shutil

import numpy as np
import pytest

from ptb import config, evaluate, variables
from ptb.trainer import TRAINER
from sparse_rnn import checkpoints, files
from sparse_rnn.errors import UserError
from sparse_rnn.training import text
from sparse_rnn.training.language import restoring
from tests import tiny


def original_name(name):
    """The variable's name under TensorFlow 1.0."""
    return re.sub("bias$", "biases", re.sub("kernel$", "weights", name))


def original_checkpoint(run, folder, change=None):
    """The weights of a run as the original wrote them: old names, a learning rate and a step of its own."""
    trainable = restoring.restore(TRAINER, run).arrays
    arrays = {original_name(name): array for name, array in trainable.items()}
    arrays["Train/Variable"] = np.float32(0.1)
    arrays["Model/global_step"] = np.int32(68)
    if change:
        change(arrays)
    return checkpoints.write(arrays, str(folder), step=68)


def printed(capsys, *arguments):
    """What evaluate.py prints, the first line with the checkpoint's name apart."""
    capsys.readouterr()
    assert evaluate.main(list(arguments)) == 0
    return capsys.readouterr().out.split("\n", 1)


@pytest.fixture(scope="module")
def config_path(tmp_path_factory):
    return tiny.write_config(tmp_path_factory.mktemp("config") / "tiny.json")


@pytest.fixture(scope="module")
def experiment(config_path):
    return config.load_experiment(config_path)


def refusal(*arguments, **keys):
    with pytest.raises(UserError) as caught:
        restoring.restore(TRAINER, *arguments, **keys)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_run_directory_brings_config_weights_and_vocabulary(trained, experiment, text_folder):
    restored = restoring.restore(TRAINER, trained)
    assert restored.experiment == experiment
    assert restored.checkpoint == os.path.join(trained, "model.ckpt-68")
    assert list(restored.arrays) == variables.all_variables(2)
    newest = checkpoints.read(trained)
    assert all((array == newest[name]).all() for name, array in restored.arrays.items())
    assert restored.vocabulary.words == text.load_corpus(text_folder).vocabulary.words
    assert restored.vocabulary_size == len(restored.vocabulary)


def test_the_best_checkpoint_is_the_one_with_the_best_validation(trained, tmp_path):
    rows = tiny.table(trained)
    step = min(rows, key=lambda row: row["valid_perplexity"])["step"]
    best = restoring.restore(TRAINER, trained, which="best")
    assert best.checkpoint == os.path.join(trained, "best", "model.ckpt-{}".format(step))
    run = str(tmp_path / "run")
    shutil.copytree(trained, run)
    os.rename(os.path.join(run, "best"), os.path.join(run, "worst"))
    assert re.search("best", refusal(run, which="best"))


def test_a_run_that_was_moved_and_a_prefix_inside_it_are_found(trained, tmp_path):
    run = str(tmp_path / "moved")
    shutil.copytree(trained, run)
    for path in (run, os.path.join(run, "model.ckpt-68")):
        restored = restoring.restore(TRAINER, path)
        assert restored.checkpoint == os.path.join(run, "model.ckpt-68") and restored.vocabulary is not None


def test_a_checkpoint_of_the_original_is_the_same_model(trained, tmp_path, config_path, text_folder, capsys):
    prefix = original_checkpoint(trained, tmp_path / "old")
    ours = printed(capsys, "--restore_path=" + trained, "--data_path=" + text_folder)
    for path in (prefix, str(tmp_path / "old")):
        theirs = printed(capsys, "--restore_path=" + path, "--data_path=" + text_folder, "--config=" + config_path)
        assert theirs[0] == "checkpoint " + prefix
        assert theirs[1] == ours[1]
    rows = tiny.table(trained)
    assert "valid perplexity {:.4f} batched".format(rows[-1]["valid_perplexity"]) in ours[1]
    assert "lstm_0     kept {} of 7".format(rows[-1]["units/lstm_0/kept"]) in ours[1]


def test_the_originals_config_needs_its_model_and_reads_its_checkpoint(trained, tmp_path, text_folder, capsys):
    prefix = original_checkpoint(trained, tmp_path / "old")
    path = tiny.write_config(tmp_path / "l1.json", {"save_path": "/tmp", "weight_decay": 1e-4})
    sizes = ["--set=model.hidden_sizes=[7, 5]", "--set=model.embedding_size=6", "--set=train.num_steps=3"]
    flags = ["--restore_path=" + prefix, "--data_path=" + text_folder, "--config=" + path, "--set=train.batch_size=4"]
    found = printed(capsys, *(flags + sizes + ["--model=sparselarge"]))
    assert found[1] == printed(capsys, "--restore_path=" + trained, "--data_path=" + text_folder)[1]
    with pytest.raises(UserError, match="also needs --model, one of small, medium"):
        evaluate.main(flags + sizes)
    with pytest.raises(UserError, match="--model: it is for a --config of the original code"):
        evaluate.main(["--restore_path=" + trained, "--data_path=" + text_folder, "--model=small"])


def test_evaluation_changes_no_file(trained, text_folder):
    before = tiny.contents(trained)
    evaluate.main(["--restore_path=" + trained, "--data_path=" + text_folder, "--checkpoint=best"])
    assert tiny.contents(trained) == before


def test_evaluation_takes_overrides_of_the_runs_own_config(trained, text_folder, capsys):
    flags = ["--restore_path=" + trained, "--data_path=" + text_folder, "--splits", "train"]
    changed = printed(capsys, *(flags + ["--set=train.batch_size=2"]))[1]
    same = printed(capsys, *flags)[1]

    def perplexity(words, style):
        return float(re.search("train perplexity (.*) " + style, words).group(1))

    assert perplexity(changed, "batched") != perplexity(same, "batched")
    assert perplexity(changed, "full") == perplexity(same, "full")
    with pytest.raises(UserError, match="--set: there is no option 'train.batchsize'"):
        evaluate.main(flags + ["--set=train.batchsize=2"])


def test_unknown_words_are_counted_and_said(trained, tmp_path, text_folder, capsys):
    folder = str(tmp_path / "text")
    shutil.copytree(text_folder, folder)
    with open(os.path.join(folder, "test.txt"), "a") as file:
        file.write("nine new words that no model has ever seen\n")
    words = printed(capsys, "--restore_path=" + trained, "--data_path=" + folder)[1]
    assert words.startswith("9 of 94 words of the test text are rare or unknown and are read as <unk>\n")


def test_sizes_that_the_config_leaves_open_are_those_of_the_checkpoint(trained, experiment, config_path):
    opened = config.load_experiment(config_path, overrides=["model.hidden_sizes=null", "model.embedding_size=null"])
    assert restoring.restore(TRAINER, trained, opened).experiment == experiment
    with pytest.raises(UserError, match="finetune.json leaves the model's sizes open .*give --restore_path"):
        restoring.with_sizes_of(TRAINER, opened, None, "finetune.json")


def without(name):
    return lambda arrays: arrays.pop(name)


def replaced(name, array):
    def change(arrays):
        arrays[name] = array

    return change


@pytest.mark.parametrize(
    "change, sentence",
    [
        (
            without(original_name(variables.bias(1))),
            r"there is no variable '.*cell_1/basic_lstm_cell/bias'; did you mean '.*/bias'\?",
        ),
        (without(variables.EMBEDDING), "there is no variable 'Model/embedding'; did you mean"),
        (
            replaced(variables.SOFTMAX_W, np.zeros([6, 11], np.float32)),
            r"holds 'Model/softmax_w' with shape \[6, 11\], the config makes it \[5, 11\]; give the config",
        ),
        (
            replaced(variables.EMBEDDING, np.zeros([11], np.float32)),
            r"holds 'Model/embedding' with shape \[11\], the config makes it \[11, 6\]",
        ),
        (replaced(variables.EMBEDDING, np.float32(1)), r"'Model/embedding' with shape \[\], the config makes it"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(trained, experiment, tmp_path, change, sentence):
    assert re.search(sentence, refusal(original_checkpoint(trained, tmp_path, change), experiment))


@pytest.mark.parametrize(
    "change, sentence",
    [
        (replaced(variables.EMBEDDING, np.zeros([11], np.float32)), r"shape \[11\]; it must be a matrix"),
        (replaced(original_name(variables.kernel(0)), np.float32(1)), r"cell_0.*shape \[\]; it must be a matrix"),
        (without(original_name(variables.kernel(0))), "there is no variable '.*cell_0.*kernel'"),
    ],
)
def test_a_checkpoint_that_tells_no_sizes_is_refused(trained, config_path, tmp_path, change, sentence):
    opened = config.load_experiment(config_path, overrides=["model.hidden_sizes=null", "model.embedding_size=null"])
    assert re.search(sentence, refusal(original_checkpoint(trained, tmp_path, change), opened))


def test_what_is_no_trained_model_is_refused(trained, experiment, tmp_path, config_path):
    assert "is no run directory; give --config with a bare checkpoint" in refusal(str(tmp_path))
    assert "is no run directory; give --config" in refusal(original_checkpoint(trained, tmp_path / "old"))
    assert "holds no checkpoint" in refusal(str(tmp_path), experiment)
    assert "there is no checkpoint at '{}'".format(tmp_path / "none") in refusal(str(tmp_path / "none"), experiment)
    assert "there is no checkpoint at ''" in refusal("", experiment)
    assert "checkpoint '{}' cannot be read, it is damaged".format(config_path) in refusal(config_path, experiment)


def test_a_run_of_another_trainer_is_refused_before_its_config_is_read(trained, tmp_path):
    run = str(tmp_path / "run")
    shutil.copytree(trained, run)
    origin = files.read_json(os.path.join(run, "origin.json"))
    files.write_json(os.path.join(run, "origin.json"), dict(origin, command=["python", "somewhere/bidaf/train.py"]))
    with pytest.raises(UserError) as refused:
        restoring.restore(TRAINER, run)
    assert str(refused.value) == "'{}' is a run of bidaf/, not of ptb/; use the commands in bidaf/.".format(run)
    files.write_json(os.path.join(run, "origin.json"), dict(origin, command=["python", "ptb/train.py"]))
    assert restoring.restore(TRAINER, run).arrays


def test_a_truncated_checkpoint_is_refused(trained, tmp_path):
    run = str(tmp_path / "run")
    shutil.copytree(trained, run)
    os.truncate(os.path.join(run, "model.ckpt-68.data-00000-of-00001"), 300)
    assert re.search("model.ckpt-68' cannot be read, it is damaged or cut short: .*less bytes", refusal(run))
    assert restoring.restore(TRAINER, run, which="best").vocabulary_size == 11


def test_a_text_with_another_vocabulary_is_refused_where_the_models_own_is_not_known(
    trained, experiment, tmp_path, text_folder
):
    restored = restoring.restore(TRAINER, original_checkpoint(trained, tmp_path / "old"), experiment)
    assert len(restoring.corpus_for(restored, text_folder).vocabulary) == 11
    other = tiny.write_text(tmp_path / "text", words=20)
    with pytest.raises(UserError, match="knows 11 words, the text 'text' has 22; give the text it was trained on"):
        restoring.corpus_for(restored, other)


def test_a_damaged_vocabulary_is_refused(trained, tmp_path, text_folder):
    run = str(tmp_path / "run")
    shutil.copytree(trained, run)
    words = restoring.restore(TRAINER, run).vocabulary.words
    for content, sentence in [
        ("\n".join(words[2:]), "knows 11 words, the text .* has 9"),
        ("\n".join(words + ["two words"]), "vocabulary.txt, line 12: 'two words' is not one word"),
        ("", "vocabulary.txt: the file has no words"),
    ]:
        with open(os.path.join(run, "vocabulary.txt"), "w") as file:
            file.write(content)
        with pytest.raises(UserError, match=sentence):
            restoring.corpus_for(restoring.restore(TRAINER, run), text_folder)
