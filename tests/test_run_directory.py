import fcntl
import json
import os
import subprocess
import sys

import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training.run_directory import RunDirectory, beside, check
from tests import tiny

CONFIG = {"model": {"sizes": [7, 5], "keep_prob": 0.5}, "train": {"epochs": 3}, "penalties": [{"strength": 0.1}]}
ORIGIN = {"command": ["train.py"], "text": {"name": "ptb", "checksum": "ab"}, "restored_from": None}


def changed(tree, *path_and_value):
    """A copy of nested JSON with one value replaced."""
    tree = json.loads(json.dumps(tree))
    node = tree
    for key in path_and_value[:-2]:
        node = node[key]
    node[path_and_value[-2]] = path_and_value[-1]
    return tree


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "runs" / "a")


@pytest.fixture
def old(path):
    """A run that has ended: nobody holds its lock."""
    with RunDirectory(path, CONFIG, ORIGIN):
        return path


def test_a_new_run_says_what_it_is(path):
    run = RunDirectory(path, CONFIG, ORIGIN)
    assert not run.resuming and not run.has_report() and run.metrics.rows == []
    with open(run.file("config.json")) as config, open(run.file("origin.json")) as origin:
        assert (json.load(config), json.load(origin)) == (CONFIG, ORIGIN)


def test_the_same_experiment_goes_on_whatever_command_began_it(old):
    before = tiny.contents(old)
    run = RunDirectory(old, CONFIG, changed(ORIGIN, "command", ["other.py"]))
    assert run.resuming
    assert tiny.contents(old) == before


def test_what_is_said_is_printed_and_kept(path, capsys):
    run = RunDirectory(path, CONFIG, ORIGIN)
    run.say("one")
    run.say("zw\u00f6lf")
    assert capsys.readouterr().out == "one\nzw\u00f6lf\n"
    with open(run.file("log.txt"), encoding="utf-8") as log:
        assert [line.split("  ")[1] for line in log.read().splitlines()] == ["one", "zw\u00f6lf"]


@pytest.mark.parametrize(
    "config, origin, difference",
    [
        (changed(CONFIG, "train", "epochs", 4), ORIGIN, "train.epochs is 3 there and 4 now"),
        (changed(CONFIG, "model", "sizes", 1, 6), ORIGIN, "model.sizes.1 is 5 there and 6 now"),
        (changed(CONFIG, "model", "sizes", [7]), ORIGIN, "model.sizes is [7, 5] there and [7] now"),
        (changed(CONFIG, "penalties", 0, "strength", 0.2), ORIGIN, "penalties.0.strength is 0.1 there and 0.2 now"),
        (changed(CONFIG, "train", "new", True), ORIGIN, "train.new is None there and True now"),
        (CONFIG, changed(ORIGIN, "text", "checksum", "cd"), "text.checksum is ab there and cd now"),
        (CONFIG, changed(ORIGIN, "restored_from", "runs/b"), "restored_from is None there and runs/b now"),
        (CONFIG, changed(ORIGIN, "compacted_from", "runs/b"), "compacted_from is None there and runs/b now"),
    ],
)
def test_another_experiment_is_refused_with_the_first_difference(old, config, origin, difference):
    before = tiny.contents(old)
    with pytest.raises(UserError) as caught:
        RunDirectory(old, config, origin)
    assert str(caught.value) == (
        "run directory '{}' holds another experiment: {}; choose another --save_path.".format(old, difference)
    )
    assert tiny.contents(old) == before


def test_a_folder_with_something_else_is_refused(path):
    os.makedirs(path)
    for name in ("thesis.tex", "figures"):
        with open(os.path.join(path, name), "w") as file:
            file.write("years")
    before = tiny.contents(path)
    with pytest.raises(UserError, match="is not empty and holds no run .it has 'figures'.; choose another --save_path"):
        RunDirectory(path, CONFIG, ORIGIN)
    assert tiny.contents(path) == before


def test_an_empty_folder_becomes_a_run(path):
    os.makedirs(path)
    assert not RunDirectory(path, CONFIG, ORIGIN).resuming


@pytest.mark.parametrize(
    "left",
    [
        [".lock"],
        [".lock", "origin.json"],
        [".lock", "origin.json.x1.partial"],
        ["origin.json", "config.json.x.partial"],
    ],
)
def test_a_run_that_was_killed_while_it_began_begins_again(path, left):
    os.makedirs(path)
    for name in left:
        with open(os.path.join(path, name), "w") as file:
            file.write('{"half')
    run = RunDirectory(path, CONFIG, ORIGIN)
    assert not run.resuming
    assert sorted(os.listdir(path)) == [".lock", "config.json", "origin.json"]


def test_half_written_files_are_cleared_away_and_those_of_others_are_not(old):
    for name in ("metrics.csv.ab12.partial", "film.mkv.partial"):
        with open(os.path.join(old, name), "w") as file:
            file.write("1,2")
    RunDirectory(old, CONFIG, ORIGIN)
    assert sorted(os.listdir(old)) == [".lock", "config.json", "film.mkv.partial", "origin.json"]


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError, match="file' is a file; a run directory is needed"):
        RunDirectory(str(tmp_path / "file"), CONFIG, ORIGIN)
    with pytest.raises(UserError, match="run directory '.*inside' cannot be made: Not a directory"):
        RunDirectory(str(tmp_path / "file" / "inside"), CONFIG, ORIGIN)
    with pytest.raises(UserError, match="run directory '' cannot be made"):
        RunDirectory("", CONFIG, ORIGIN)
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("name", ["config.json", "origin.json"])
def test_a_run_whose_papers_are_damaged_is_refused(old, name):
    with open(os.path.join(old, name), "w") as file:
        file.write('{"train": {"epo')
    before = tiny.contents(old)
    with pytest.raises(UserError, match=name + ", line 1, column .*: this is not JSON"):
        RunDirectory(old, CONFIG, ORIGIN)
    assert tiny.contents(old) == before


def test_a_name_that_tensorflow_cannot_find_again_is_refused_at_once(tmp_path):
    with pytest.raises(UserError, match="takes the '\\[' in '.*runs\\[1\\]/a' for a pattern"):
        RunDirectory(str(tmp_path / "runs[1]" / "a"), CONFIG, ORIGIN)
    assert os.listdir(str(tmp_path)) == []


def test_looking_makes_nothing(path):
    check(path, CONFIG, ORIGIN)
    assert not os.path.exists(path)


def test_a_run_is_trained_by_one_process_at_a_time(path):
    program = (
        "import sys, json; from sparse_rnn.training.run_directory import RunDirectory\n"
        "try: RunDirectory(sys.argv[1], *json.loads(sys.argv[2]))\n"
        "except ValueError as error: print(error)"
    )
    command = [sys.executable, "-c", program, path, json.dumps([CONFIG, ORIGIN])]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with RunDirectory(path, CONFIG, ORIGIN):
        before = tiny.contents(path)
        assert subprocess.check_output(command, cwd=root).decode().strip() == (
            "run directory '{}' is in use by another process.".format(path)
        )
        assert tiny.contents(path) == before
    assert subprocess.check_output(command, cwd=root) == b""


def test_a_log_that_cannot_be_written_is_one_sentence(path):
    run = RunDirectory(path, CONFIG, ORIGIN)
    os.mkdir(run.file("log.txt"))
    with pytest.raises(UserError, match="log.txt' cannot be written: Is a directory"):
        run.say("something")


def test_a_run_that_another_process_begins_and_leaves_in_the_same_moment_is_noticed(path, monkeypatch):
    lock = fcntl.flock

    def another_is_faster(*arguments):
        for name, content in (("origin.json", ORIGIN), ("config.json", changed(CONFIG, "train", "epochs", 4))):
            with open(os.path.join(path, name), "w") as file:
                json.dump(content, file)
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", another_is_faster)
    with pytest.raises(UserError, match="holds another experiment: train.epochs is 4 there and 3 now"):
        RunDirectory(path, CONFIG, ORIGIN)


@pytest.mark.parametrize("checkpoint", ["", "model.ckpt-7", "best", "best/", "best/model.ckpt-5"])
def test_what_goes_with_a_checkpoint_is_found_from_wherever_it_lies_in_a_run(old, checkpoint):
    os.mkdir(os.path.join(old, "best"))
    found = beside(os.path.join(old, checkpoint), "config.json")
    assert os.path.samefile(found, os.path.join(old, "config.json"))
    assert beside(os.path.join(old, checkpoint), "vocabulary.txt") is None


def test_what_lies_above_any_other_folder_does_not_go_with_its_checkpoint(old):
    os.mkdir(os.path.join(old, "copy"))
    assert beside(os.path.join(old, "copy", "model.ckpt-7"), "config.json") is None


@pytest.mark.parametrize("inside, found", [("best", "../config.json"), (".", "config.json")])
def test_a_prefix_without_a_folder_lies_in_the_working_directory(old, monkeypatch, inside, found):
    os.mkdir(os.path.join(old, "best"))
    monkeypatch.chdir(os.path.join(old, inside))
    assert beside("model.ckpt-7", "config.json") == found
