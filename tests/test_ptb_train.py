"""What training the language model leaves behind, and what it refuses to begin."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from ptb import evaluate, model, train, variables
from ptb.config import load_experiment
from ptb.trainer import TRAINER
from sparse_rnn import checkpoints, group_files, sparsity
from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.errors import UserError
from sparse_rnn.training import penalties
from sparse_rnn.training.language import restoring
from tests import tiny

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture
def run(tmp_path):
    return str(tmp_path / "run")


def refusal(arguments, main=train.main):
    try:
        main(arguments)
    except UserError as error:
        assert "\n" not in str(error) and "Traceback" not in str(error)
        return str(error)
    raise AssertionError("nothing was refused")


def test_a_run_directory_holds_the_whole_run(trained):
    assert sorted(name for name in os.listdir(trained) if "tfevents" not in name) == [
        ".lock",
        "best",
        "checkpoint",
        "config.json",
        "log.txt",
        "metrics.csv",
        "model.ckpt-68.data-00000-of-00001",
        "model.ckpt-68.index",
        "origin.json",
        "plots",
        "report.json",
        "report.txt",
        "structure.json",
        "vocabulary.txt",
    ]
    assert "history.png" in os.listdir(os.path.join(trained, "plots"))


def test_each_epoch_is_a_row_and_its_numbers_are_those_of_the_checkpoint(trained):
    rows = tiny.table(trained)
    assert [(row["epoch"], row["step"], row["learning_rate"]) for row in rows] == [(1, 34, 0.06), (2, 68, 0.06)]
    assert rows[1]["train_loss"] < rows[0]["train_loss"] < np.log(11)
    assert rows[1]["valid_perplexity"] < rows[0]["valid_perplexity"]
    restored = restoring.restore(TRAINER, trained)
    report = sparsity.report(restored.arrays, model.structure(restored.experiment.model))
    for name, value in report.as_row().items():
        assert rows[1][name] == pytest.approx(value)
    with open(os.path.join(trained, "report.json")) as file:
        told = json.load(file)
    assert told["weights"] == report.weights
    assert told["perplexity"]["valid"]["batched"] == pytest.approx(rows[1]["valid_perplexity"])


def test_the_structure_beside_a_run_is_the_models(trained):
    restored = restoring.restore(TRAINER, trained)
    shapes = {name: array.shape for name, array in checkpoints.read(trained).items()}
    loaded = group_files.load(os.path.join(trained, "structure.json"), shapes)
    assert loaded == model.structure(restored.experiment.model)


@pytest.mark.parametrize("which", ["", "best"])
def test_no_weight_in_a_checkpoint_lies_between_zero_and_the_threshold(trained, which):
    arrays = restoring.restore(TRAINER, trained, which=which or "newest").arrays
    together = np.abs(np.concatenate([array.ravel() for array in arrays.values()]))
    assert (together == 0).any() and not ((together > 0) & (together < 0.02)).any()


def test_units_die_of_the_penalty(trained):
    assert tiny.table(trained)[-1]["units/lstm_0/kept"] < 7


def test_the_same_command_on_a_finished_run_says_so_and_changes_nothing(trained, text_folder, capsys):
    before = tiny.contents(trained)
    assert train.main(tiny.arguments(trained, text_folder)) == 0
    with open(os.path.join(trained, "report.txt")) as file:
        assert capsys.readouterr().out == "this run is finished; its report:\n\n" + file.read()
    assert tiny.contents(trained) == before


def test_the_resolved_config_reruns_the_experiment(trained, text_folder, run, no_figures):
    config = os.path.join(trained, "config.json")
    assert train.main(tiny.arguments(run, text_folder, config=config, device="/cpu:0")) == 0
    assert tiny.table(run) == tiny.table(trained)
    assert tiny.same_weights(tiny.weights(run), tiny.weights(trained))


@pytest.mark.parametrize(
    "overrides, flags, difference",
    [
        (["train.epochs=3"], {}, "train.epochs is 2 there and 3 now"),
        (["train.seed=2"], {}, "train.seed is 1 there and 2 now"),
        (["sparsity.penalties=[]"], {}, "sparsity.penalties is "),
        ([], {"restore_path": "TRAINED"}, "restored_from is None there and "),
        ([], {"data_path": "OTHER"}, "text.name is text0 there and other now"),
    ],
)
def test_another_experiment_is_refused_with_the_first_difference(
    trained, text_folder, tmp_path, overrides, flags, difference
):
    other = tiny.write_text(tmp_path / "other", seed=6)
    flags = {name: {"TRAINED": trained, "OTHER": other}[value] for name, value in flags.items()}
    before = tiny.contents(trained)
    message = refusal(tiny.arguments(trained, text_folder, *overrides, **flags))
    assert message.startswith("run directory '{}' holds another experiment: {}".format(trained, difference))
    assert tiny.contents(trained) == before


def test_the_same_text_with_one_word_changed_is_another_text(trained, text_folder, tmp_path):
    folder = str(tmp_path / os.path.basename(text_folder))
    shutil.copytree(text_folder, folder)
    with open(os.path.join(folder, "test.txt")) as file:
        words = file.read()
    with open(os.path.join(folder, "test.txt"), "w") as file:
        file.write(words.replace("w1", "w2", 1))
    assert "text.checksum is " in refusal(tiny.arguments(trained, folder))


def test_training_from_a_runs_weights_begins_with_them_and_keeps_frozen_zeros(trained, text_folder, run, no_figures):
    frozen = ["sparsity.freeze=element", "sparsity.penalties=[]", "train.epochs=1", "model.hidden_sizes=null"]
    assert train.main(tiny.arguments(run, text_folder, *frozen, restore_path=trained)) == 0
    before, after = restoring.restore(TRAINER, trained).arrays, restoring.restore(TRAINER, run).arrays
    for name in before:
        if not name.endswith(("bias", "softmax_b")):
            assert (after[name][before[name] == 0] == 0).all()
        assert (after[name] != before[name]).any()
    assert tiny.table(run)[0]["train_loss"] < tiny.table(trained)[0]["train_loss"]
    with open(os.path.join(run, "origin.json")) as file:
        assert json.load(file)["restored_from"] == os.path.join(trained, "model.ckpt-68")


def test_no_epochs_only_evaluate(trained, text_folder, run, no_figures, capsys):
    assert train.main(tiny.arguments(run, text_folder, "train.epochs=0", restore_path=trained)) == 0
    expected = tiny.table(trained)[-1]["valid_perplexity"]
    assert re.search(r"valid +{:.3f} ".format(expected), capsys.readouterr().out)


CELL = "Model/RNN/multi_rnn_cell/cell_{}/basic_lstm_cell/weights"
ORIGINAL = {
    "save_path": "/tmp",
    "learning_rate": 1.0,
    "weight_decay": 0.0,
    "dropout_keep_prob": 0.6,
    "grouplasso": {
        "global_decay": 0.00245,
        CELL.format(0): {"structure_decay_multi": 1.0, "coupled_layer": CELL.format(1), "couple_split_num": 2},
        CELL.format(1): {"structure_decay_multi": 1.0, "coupled_layer": "Model/softmax_w", "couple_split_num": 1},
    },
}
SHRUNK = [
    "model.hidden_sizes=[6, 6]",
    "model.embedding_size=6",
    "train.epochs=1",
    "train.batch_size=4",
    "train.num_steps=3",
]


def originals_penalty(weights, coupled, strength):
    """Facts of the original (one layer): input as wide as the layer, second half of the rows, first of the reader's."""
    units = weights.shape[1] // 4
    squares = np.square(weights.astype(np.float64))
    total = squares.sum(axis=0).reshape(4, units).sum(axis=0)
    total += squares[units:].sum(axis=1) + np.square(coupled[:units].astype(np.float64)).sum(axis=1)
    return strength * np.sqrt(total + 1e-8).sum()


def test_the_originals_json_trains_with_its_penalty(text_folder, run, tmp_path, no_figures):
    path = tiny.write_config(tmp_path / "structure_grouplasso.json", ORIGINAL)
    experiment = load_experiment(path, "sparselarge", SHRUNK)
    with tf.Graph().as_default(), tf.Session() as session:
        model.weights(experiment.model, 11, experiment.train.seed)
        total = penalties.total(experiment.sparsity, model.structure(experiment.model))
        session.run(tf.global_variables_initializer())
        found, weights = session.run([total, variables_by_name()])
    kernels = [weights[variables.kernel(layer)] for layer in range(2)]
    expected = originals_penalty(kernels[0], kernels[1], 0.00245)
    expected += originals_penalty(kernels[1], weights[variables.SOFTMAX_W], 0.00245)
    assert found == pytest.approx(expected, rel=1e-5)
    assert train.main(tiny.arguments(run, text_folder, *SHRUNK, config=path, model="sparselarge")) == 0
    row = tiny.table(run)[0]
    assert 0 < row["penalty"] < 2 * found
    trained = restoring.restore(TRAINER, run)
    assert trained.experiment == experiment and trained.experiment.model.keep_prob == 0.6
    assert not any(((np.abs(each) > 0) & (np.abs(each) < 1e-4)).any() for each in trained.arrays.values())


def write(name, content, folder):
    path = os.path.join(str(folder), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("none", "there is no file or folder '.*none'; give a folder with ptb.train.txt"),
        ("", "there is no file or folder ''; give"),
        ("empty_folder", "the folder '.*empty_folder' has no ptb.train.txt or train.txt; give"),
        ("no_test", "the folder '.*no_test' lacks test.txt; give"),
        ("empty_file", "empty_file: the file has no words"),
        ("empty_valid", "valid.txt: the file has no words"),
        (
            "one_line",
            "the training text has 3 tokens; batch_size 4 x num_steps 3 needs 16",
        ),
        (
            "short_valid",
            "the validation text has 2 tokens; batch_size 4 x num_steps 3 needs 16",
        ),
        ("short_test", "the test text has 2 tokens; batch_size 4 x num_steps 3 needs 16"),
        ("not_utf8", "not_utf8: byte 3 is not UTF-8"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_before_anything_is_written(tmp_path, run, name, sentence):
    long, short = b"one two three\n" * 40, b"one\n"
    folder = tmp_path / "texts"
    for which, texts in {
        "no_test": {"train": long, "valid": long},
        "empty_valid": {"train": long, "valid": b" \n", "test": long},
        "short_valid": {"train": long, "valid": short, "test": long},
        "short_test": {"train": long, "valid": long, "test": short},
    }.items():
        for split, content in texts.items():
            write("{}/{}.txt".format(which, split), content, folder)
    os.makedirs(str(folder / "empty_folder"))
    for which, content in (("empty_file", b""), ("one_line", b"just two"), ("not_utf8", b"one\xff two" * 100)):
        write(which, content, folder)
    path = str(folder / name) if name else ""
    assert re.search(sentence, refusal(tiny.arguments(run, path)))
    assert not os.path.exists(run)


@pytest.mark.parametrize(
    "overrides, flags, sentence",
    [
        (["train.epoch=5"], {}, "there is no option 'train.epoch'; did you mean 'train.epochs'?"),
        (["train.epochs=many"], {}, 'train.epochs is "many"; it must be an integer of at least 0'),
        (["train.epochs=-1"], {}, "train.epochs is -1; it must be an integer of at least 0"),
        (
            ["train.schedule.factor=1e300"],
            {},
            "train.schedule.factor is 1e+300; it must be a finite number above 0 and",
        ),
        (["model.keep_prob=0"], {}, "model.keep_prob is 0; it must be a finite number above 0 and at most 1"),
        (["model.hidden_sizes=[]"], {}, "model.hidden_sizes is empty"),
        (["model.hidden_sizes=null"], {}, "leaves the model's sizes open (null); give --restore_path"),
        (["train.optimizer=adm"], {}, "did you mean 'adam'?"),
        (['sparsity.penalties.0.groups=["lstm_2"]'], {}, "there is no group 'lstm_2'; did you mean 'lstm_"),
        (["sparsity.penalties.1.strength=1"], {}, "there is no entry '1'; the list has 1, counted from 0"),
        (['sparsity.zero_variables=["softmax"]'], {}, "there is no variable 'softmax'; did you mean"),
        (["data.max_vocabulary=1"], {}, "data.max_vocabulary is 1; it must be null or an integer of at least 2"),
        (["train.epochs"], {}, "'train.epochs' does not have the form section.key=value"),
        ([], {"config": "none.json"}, "there is no"),
        ([], {"model": "sparselarge"}, "--model: "),
        ([], {"restore_path": "none"}, "there is no checkpoint at 'none'"),
        ([], {"restore_path": ""}, "there is no checkpoint at ''"),
        ([], {"device": "gpu one"}, "'gpu one' is no TensorFlow device"),
        ([], {"save_pth": "runs/a"}, "there is no flag '--save_pth'; did you mean '--save_path'?"),
    ],
)
def test_wrong_flags_and_configs_are_refused_before_anything_is_written(text_folder, run, overrides, flags, sentence):
    assert sentence in refusal(tiny.arguments(run, text_folder, *overrides, **flags))
    assert not os.path.exists(run)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "line 1, column 1: this is not JSON"),
        (b'{"train": {"epochs": 1,}}', "line 1, column 24: this is not JSON"),
        (b"[1]", "the config is [1]; it must be an object"),
        (b'{"save_path": "/tmp", "weight_decay": 0.0}', "a config of the original also needs --model"),
        (
            b'{"model": {"hidden_size": 5}}',
            "there is no option 'model.hidden_size'; did you mean 'model.hidden_sizes'?",
        ),
    ],
)
def test_a_config_that_says_nothing_usable_is_refused(text_folder, run, tmp_path, content, sentence):
    path = write("wrong.json", content, tmp_path)
    message = refusal(tiny.arguments(run, text_folder, config=path))
    assert message.startswith(path) and sentence in message
    assert not os.path.exists(run)


def test_a_run_directory_that_cannot_be_one_is_refused(text_folder, tmp_path):
    stranger = write("home/thesis.tex", b"years", tmp_path)
    for path, sentence in [
        (os.path.dirname(stranger), "is not empty and holds no run (it has 'thesis.tex'); choose another --save_path"),
        (stranger, "thesis.tex' is a file; a run directory is needed"),
        (os.path.join(stranger, "run"), "cannot be made: Not a directory"),
        ("", "run directory '' cannot be made"),
        (str(tmp_path / "run[1]"), "TensorFlow takes the '[' in"),
    ]:
        config = tiny.write_config(tmp_path / "config.json")
        assert sentence in refusal(tiny.arguments(path, text_folder, config=config))
    assert os.listdir(os.path.dirname(stranger)) == ["thesis.tex"]
    assert sorted(os.listdir(str(tmp_path))) == ["config.json", "home"]


def test_a_model_that_does_not_fit_the_restored_weights_is_refused(trained, text_folder, run):
    arguments = tiny.arguments(run, text_folder, "model.hidden_sizes=[7, 6]", restore_path=trained)
    message = refusal(arguments)
    assert re.search(r"holds '.*cell_1.*kernel' with shape \[12, 20\], the config makes it \[13, 24\]", message)
    assert not os.path.exists(run)


def test_evaluation_refuses_in_one_sentence(trained, text_folder, tmp_path):
    for arguments, sentence in [
        ([], "the following arguments are required: --restore_path, --data_path"),
        (["--restore_path=none", "--data_path=" + text_folder], "'none' is no run directory; give --config"),
        (["--restore_path=" + trained, "--data_path=none"], "there is no file or folder 'none'"),
        (["--restore_path=" + trained, "--data_path=builtin", "--styles", "whole"], "invalid choice: 'whole'"),
        (["--restore_path=" + trained, "--data_path=builtin", "--checkpoint=last"], "invalid choice: 'last'"),
    ]:
        assert sentence in refusal(arguments, evaluate.main)


def script(name, *arguments):
    """Exit code, stdout and stderr of a script as a person starts it."""
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run(
        [sys.executable, os.path.join(ROOT, "ptb", name)] + list(arguments),
        env=dict(environment, PYTHONPATH=ROOT),
        capture_output=True,
        timeout=300,
    )
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


def test_a_script_that_refuses_says_one_sentence_on_stderr_and_makes_nothing(run):
    code, said, error = script("train.py", *tiny.arguments(run, "none", config="none.json"))
    assert (code, said) == (2, "")
    assert re.match(r"error: [^\n]*\n$", error)
    assert not os.path.exists(run)


def test_a_script_that_works_says_nothing_on_stderr(trained, text_folder):
    code, said, error = script("evaluate.py", "--restore_path=" + trained, "--data_path=" + text_folder)
    assert (code, error) == (0, "")
    assert said.count("perplexity") == 4
