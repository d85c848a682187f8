import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sparse_rnn import checkpoints, cli, group_files, groups, iss
from tests import original_files, reference

#: Of 5 units 1 and 4 are dead.
INPUTS, UNITS, WORDS = 3, 5, 7
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def lstm_structure(kernel="cell/kernel", bias="cell/bias"):
    reader = iss.Consumer("softmax_w")
    return [iss.lstm_units("lstm_0", kernel, bias, INPUTS, UNITS, [reader], states=["state/h"])]


def lstm_weights(kernel="cell/kernel", bias="cell/bias"):
    rng = np.random.RandomState(0)
    weights = {
        kernel: rng.uniform(-1, 1, [INPUTS + UNITS, 4 * UNITS]).astype(np.float32),
        bias: rng.uniform(-1, 1, [4 * UNITS]).astype(np.float32),
        "softmax_w": rng.uniform(-1, 1, [UNITS, WORDS]).astype(np.float32),
    }
    weights[kernel][[INPUTS + 1, INPUTS + 4]] = 0.0
    weights["softmax_w"][[1, 4]] = 0.0
    return weights


def whole_checkpoint():
    """The weights with what a training run keeps beside them."""
    weights = lstm_weights()
    others = {"Train/{}/Adam".format(name): array + 1 for name, array in weights.items()}
    others["softmax_w/ExponentialMovingAverage"] = weights["softmax_w"] + 2
    others["state/h"] = np.arange(2.0 * UNITS).reshape(2, UNITS)
    others["global_step"] = np.int64(1300)
    return dict(weights, **others)


@pytest.fixture
def checkpoint(tmp_path):
    """The prefix of a checkpoint with nothing beside it."""
    return checkpoints.write(whole_checkpoint(), str(tmp_path / "bare"), step=1300)


@pytest.fixture
def run_directory(tmp_path):
    """A run directory as the trainers leave it."""
    folder = str(tmp_path / "run")
    checkpoints.write(whole_checkpoint(), folder, step=1300)
    group_files.save(lstm_structure(), os.path.join(folder, "structure.json"))
    write(os.path.join(folder, "config.json"), "{}")
    header = "epoch,train_perplexity,valid_perplexity,units/lstm_0/kept,units/lstm_0/size\n"
    write(os.path.join(folder, "metrics.csv"), header + "1,400,300,5,5\n2,200,180,3,5\n")
    return folder


@pytest.fixture
def original(tmp_path):
    """A group file in the original's format, with the variable names of TensorFlow <= 1.1."""
    entries = [original_files.rows("cell/weights", INPUTS, INPUTS + UNITS)]
    entries += [original_files.columns("cell/weights", gate * UNITS, (gate + 1) * UNITS) for gate in range(4)]
    entries += [original_files.rows("softmax_w", 0, UNITS)]
    return write(str(tmp_path / "groups.json"), json.dumps({"comments": [], "groups": [entries]}))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def read_json(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


@pytest.fixture
def call(capsys):
    """Call the command in this process; gives (exit code, stdout, stderr)."""

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        return (end.value.code,) + tuple(capsys.readouterr())

    return call


def scores(weights, kernel="cell/kernel", bias="cell/bias"):
    inputs = np.random.RandomState(1).randn(6, 2, INPUTS)
    outputs, _ = reference.lstm(inputs, weights[kernel].astype(float), weights[bias].astype(float))
    return outputs @ weights["softmax_w"].astype(float)


def test_inspect_without_a_group_file_lists_the_variables(call, checkpoint):
    code, out, err = call("inspect", checkpoint)
    assert (code, err) == (0, "")
    lines = [line.split("  ") for line in out.splitlines()]
    assert ["softmax_w", "[5, 7]", "zero: 40.0%"] in [[cell.strip() for cell in line if cell] for line in lines]
    assert len([line for line in out.splitlines() if "zero: " in line]) == len(whole_checkpoint())
    assert out.endswith("nor the model's graph (.meta); give --groups=FILE.\n")


def test_inspect_without_a_group_file_lists_the_variables_as_json(call, checkpoint):
    code, out, _ = call("inspect", os.path.dirname(checkpoint), "--json")
    listed = {each["name"]: each for each in json.loads(out)["variables"]}
    assert code == 0
    assert listed["softmax_w"] == {"name": "softmax_w", "shape": [5, 7], "zero": pytest.approx(0.4)}
    assert listed["global_step"] == {"name": "global_step", "shape": [], "zero": 0.0}


def test_inspect_of_a_run_directory_reports_its_units(call, run_directory):
    code, out, err = call("inspect", run_directory)
    assert (code, err) == (0, "")
    assert out.startswith("lstm_0  kept 3 of 5  removed 2  zero 0\n")
    assert "weights                  215 now" in out


@pytest.mark.parametrize("where", ["folder", "prefix", "best", "renamed"])
def test_the_structure_of_a_run_is_found_from_wherever_its_checkpoint_is_named(call, run_directory, where):
    path = run_directory
    if where == "prefix":
        path = os.path.join(run_directory, "model.ckpt-1300")
    elif where == "best":
        path = os.path.join(run_directory, "best")
        checkpoints.write(whole_checkpoint(), path, step=650)
    elif where == "renamed":
        path = shutil.move(run_directory, run_directory + "_moved")
    code, out, _ = call("inspect", path)
    assert code == 0
    assert "kept 3 of 5" in out


def test_inspect_prints_the_report_as_json(call, run_directory):
    code, out, _ = call("inspect", run_directory, "--json")
    assert code == 0
    assert json.loads(out)["groups"] == [{"name": "lstm_0", "size": 5, "kept": 3, "removed": 2, "zero": 0}]


def test_inspect_takes_a_group_file_of_the_original_with_its_old_names(call, checkpoint, original):
    code, out, _ = call("inspect", checkpoint, "--groups=" + original)
    assert code == 0
    assert out.startswith("group_0  kept 3 of 5  removed 2  zero 0\n")


def test_a_group_file_that_is_given_comes_before_the_one_of_the_run(call, run_directory, original):
    assert call("inspect", run_directory, "--groups=" + original)[1].startswith("group_0 ")


def test_compact_writes_a_smaller_checkpoint_that_computes_the_same(call, run_directory, tmp_path):
    small_path = str(tmp_path / "new" / "small")
    code, out, err = call("compact", run_directory, "--save_path=" + small_path)
    assert (code, err) == (0, "")
    large, small = whole_checkpoint(), checkpoints.read(small_path)
    np.testing.assert_allclose(scores(small), scores(large), rtol=0, atol=1e-12)
    assert np.ptp(scores(large)) > 0.1
    assert small["cell/kernel"].shape == (6, 12)


def test_compact_cuts_all_that_belongs_to_a_unit_and_copies_the_rest(call, run_directory, tmp_path):
    call("compact", run_directory, "--save_path=" + str(tmp_path / "small"))
    large, small = whole_checkpoint(), checkpoints.read(str(tmp_path / "small"))
    assert set(small) == set(large)
    assert small["global_step"] == 1300
    np.testing.assert_array_equal(small["state/h"], large["state/h"][:, [0, 2, 3]])
    for name in ("softmax_w", "Train/softmax_w/Adam", "softmax_w/ExponentialMovingAverage"):
        np.testing.assert_array_equal(small[name], large[name][[0, 2, 3]])


def test_compact_writes_the_new_structure_and_the_kept_units(call, run_directory, tmp_path):
    small = str(tmp_path / "small")
    call("compact", run_directory, "--save_path=" + small)
    assert read_json(small, "kept.json") == {"lstm_0": [0, 2, 3]}
    shapes = groups.shapes_of(checkpoints.read(small))
    (group,) = group_files.load(os.path.join(small, "structure.json"), shapes)
    assert (group.name, group.size) == ("lstm_0", 3)
    assert call("inspect", small)[1].startswith("lstm_0  kept 3 of 3")


def test_compact_says_what_it_did_and_what_comes_next(call, run_directory, tmp_path):
    out = call("compact", run_directory, "--save_path=" + str(tmp_path / "small"))[1]
    assert out.startswith("lstm_0 kept 3 of 5\nweights: 215 before, 105 after\n")
    assert "The small checkpoint is {}".format(tmp_path / "small" / "model.ckpt") in out
    assert "the compact.py of its trainer (ptb, rhns or bidaf): --restore_path={} ".format(run_directory) in out


def test_compact_leaves_out_the_masks_of_a_run_that_shrank(call, run_directory, tmp_path):
    shrunk = dict(whole_checkpoint(), **{"Train/kept/lstm_0": np.array([True] * UNITS + [False] * 2)})
    checkpoints.write(shrunk, run_directory, step=1300)
    small = str(tmp_path / "small")
    assert call("compact", run_directory, "--save_path=" + small)[0] == 0
    assert set(checkpoints.read(small)) == set(whole_checkpoint())


def test_compact_speaks_of_the_trainer_only_for_its_runs(call, checkpoint, tmp_path):
    units = str(tmp_path / "units.json")
    group_files.save(lstm_structure(), units)
    code, out, _ = call("compact", checkpoint, "--groups=" + units, "--save_path=" + str(tmp_path / "small"))
    assert code == 0
    assert "kept 3 of 5" in out and "trainer" not in out


def test_compact_says_when_there_is_nothing_to_remove(call, run_directory, tmp_path):
    call("compact", run_directory, "--save_path=" + str(tmp_path / "small"))
    out = call("compact", tmp_path / "small", "--save_path=" + str(tmp_path / "again"))[1]
    assert "Every unit is still read by something, so nothing was removed." in out
    np.testing.assert_equal(checkpoints.read(str(tmp_path / "again")), checkpoints.read(str(tmp_path / "small")))


def test_compact_takes_a_file_of_the_original_once_it_is_said_to_be_complete(call, original, tmp_path):
    weights = lstm_weights("cell/weights", "cell/biases")
    prefix = checkpoints.write(weights, str(tmp_path / "old"))
    small = str(tmp_path / "small")
    code, _, err = call("compact", prefix, "--groups=" + original, "--save_path=" + small)
    assert code == 2 and "give --complete if it names every one" in err and original in err
    assert not os.path.exists(small)
    code, out, _ = call("compact", prefix, "--groups=" + original, "--save_path=" + small, "--complete")
    assert code == 0 and out.startswith("group_0 kept 3 of 5\n")
    after = scores(checkpoints.read(small), "cell/weights", "cell/biases")
    np.testing.assert_allclose(after, scores(weights, "cell/weights", "cell/biases"), rtol=0, atol=1e-12)
    assert group_files.is_complete(os.path.join(small, "structure.json"))


def test_plot_draws_into_the_run_and_says_where(call, run_directory):
    code, out, err = call("plot", run_directory)
    assert (code, err) == (0, "")
    names = ["kernel_cell-kernel.png", "kernel_softmax_w.png", "unit_norms.png", "history.png"]
    assert out.splitlines() == [os.path.join(run_directory, "plots", name) for name in names]
    assert sorted(os.listdir(os.path.join(run_directory, "plots"))) == sorted(names)


def test_plot_of_a_bare_checkpoint_has_no_history(call, checkpoint, original, tmp_path):
    code, out, _ = call("plot", checkpoint, "--groups=" + original, "--save_path=" + str(tmp_path / "figures"))
    assert code == 0
    assert [os.path.basename(path) for path in out.splitlines()] == [
        "kernel_cell-kernel.png",
        "kernel_softmax_w.png",
        "unit_norms.png",
    ]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("inspect {tmp}/none", "there is no checkpoint at '{tmp}/none'"),
        ("inspect {tmp}/empty", "folder '{tmp}/empty' holds no checkpoint"),
        ("inspect {bare} --groups={tmp}/none.json", "{tmp}/none.json: cannot be read: No such file or directory."),
        ("inspect {bare} --groups={tmp}/wrong.json", "there is no variable 'cell/kernal'; did you mean 'cell/kernel'"),
        ("compact {bare} --save_path={tmp}/small", "'{bare}' has no structure.json that says which weights"),
        ("plot {bare}", "'{bare}' has no structure.json that says which weights"),
        ("compact {bare} --save_path={bare}", "folder '{bare}' is not empty; choose another --save_path."),
        ("compact {bare} --save_path={tmp}/file", "'{tmp}/file' is a file; --save_path must be a new folder."),
        ("compact {run} --save_path={tmp}/file/small", "folder '{tmp}/file/small' cannot be made: Not a directory."),
        ("plot {run} --save_path={tmp}/file", "folder '{tmp}/file' cannot be made: File exists."),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_2(
    call, checkpoint, run_directory, tmp_path, arguments, message
):
    places = {"tmp": str(tmp_path), "bare": os.path.dirname(checkpoint), "run": run_directory}
    (tmp_path / "empty").mkdir()
    write(str(tmp_path / "file"), "")
    group_files.save(lstm_structure("cell/kernal", "cell/bias"), str(tmp_path / "wrong.json"))
    code, out, err = call(*[argument.format(**places) for argument in arguments.split()])
    assert (code, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert message.format(**places) in err


@pytest.mark.parametrize("arguments", ["", "prune", "inspect", "compact run"])
def test_a_command_line_that_is_not_understood_ends_with_2_and_the_usage(call, arguments):
    code, _, err = call(*arguments.split())
    assert code == 2
    assert err.startswith("usage: sparse-rnn")


def test_help_has_examples_and_needs_no_tensorflow():
    program = (
        "import sys\nfrom sparse_rnn import cli\n"
        "try:\n    cli.main(['--help'])\nfinally:\n    print('tensorflow' in sys.modules, 'matplotlib' in sys.modules)"
    )
    out = subprocess.check_output([sys.executable, "-c", program], env=dict(os.environ, PYTHONPATH=ROOT)).decode()
    assert "sparse-rnn compact runs/iss --save_path=runs/iss_small" in out
    assert out.endswith("False False\n")


def test_the_module_is_a_command(run_directory):
    command = [sys.executable, "-m", "sparse_rnn.cli", "inspect", run_directory]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=ROOT))
    assert done.returncode == 0
    assert done.stdout.decode().startswith("lstm_0  kept 3 of 5")


@pytest.fixture
def own_model(tmp_path):
    """The prefix of a checkpoint that a tf.train.Saver wrote with the graph of a training run beside it."""
    return saved_model(tmp_path, lambda hidden: hidden)


def saved_model(tmp_path, between):
    """A trained model of one hidden layer, which goes through ``between`` on its way to the scores."""
    from sparse_rnn.compat import tf
    from tests import discover_models

    with tf.Graph().as_default():
        weights = discover_models.Weights(seed=1)
        weights.arrays["hidden/kernel"] = np.ones([5, 4], np.float32)
        weights.arrays["scores/kernel"] = np.float32([[1, 2], [0, 0], [3, 0], [0, 0]])
        hidden = discover_models.dense(weights, "hidden", tf.placeholder(tf.float32, [None, 5]), 4)
        scores = discover_models.dense(weights, "scores", between(hidden), 2, tf.identity)
        tf.train.AdamOptimizer().minimize(discover_models.loss_of(scores))
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return tf.train.Saver().save(session, str(tmp_path / "own" / "model"), global_step=3)


def test_inspect_reads_the_units_off_the_graph_beside_a_checkpoint(call, own_model):
    code, out, _ = call("inspect", own_model)
    assert code == 0
    assert "hidden  kept 2 of 4" in out
    assert "Read off {}.meta".format(own_model) in out
    assert "'scores/kernel' axis 1 [0:2]" in out


def test_compact_cuts_units_that_are_read_off_the_graph_with_their_slots(call, own_model, tmp_path):
    small = str(tmp_path / "small")
    assert call("compact", own_model, "--save_path=" + small)[0] == 0
    shapes = {name: array.shape for name, array in checkpoints.read(small).items()}
    assert (shapes["hidden/kernel"], shapes["hidden/bias/Adam"], shapes["scores/kernel"]) == ((5, 2), (2,), (2, 2))
    assert call("inspect", small)[0] == 0


@pytest.mark.parametrize("command, code", [("inspect", 0), ("compact", 2)])
def test_a_graph_without_removable_units_says_what_stands_in_the_way(command, code, call, tmp_path):
    from sparse_rnn.compat import tf

    model = saved_model(tmp_path, lambda hidden: tf.nn.softmax(hidden, name="mixing"))
    returned, out, err = call(command, model, *(["--save_path=" + model + "_small"] if code else []))
    assert returned == code
    assert "'hidden/kernel' axis 1 [0:4]" in out + err and "`mixing` normalises across its inputs" in out + err
    assert "give --groups=FILE" in out + err


@pytest.mark.parametrize("content", [b"", b"no graph"])
def test_a_graph_that_cannot_be_read_leaves_the_list_of_variables(call, own_model, content):
    with open(own_model + ".meta", "wb") as file:
        file.write(content)
    code, out, _ = call("inspect", own_model)
    assert code == 0
    assert "hidden/kernel" in out and ".meta" in out
    code, _, err = call("compact", own_model, "--save_path=" + own_model + "_small")
    assert (code, err.count("\n")) == (2, 1)
