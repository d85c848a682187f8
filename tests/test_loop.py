"""Training that is interrupted anywhere ends in exactly the numbers of training that is not."""

import os
import random
import re
import shutil
import signal

import numpy as np
import pytest

from ptb import train
from sparse_rnn import checkpoints
from sparse_rnn.compat import tf
from sparse_rnn.training import built, reports, schedules, shrinking
from sparse_rnn.training.language import evaluation
from sparse_rnn.training.metrics import Metrics
from tests import tiny
from tests.disk import room_for
from tests.interruptions import Process, killed, refusal, same_run, step_of

SGD = ["train.optimizer=sgd", "train.learning_rate=1.0"]


@pytest.fixture(scope="module")
def halfway(tmp_path_factory, text_folder):
    """A run directory that was killed in its second epoch, and the arguments that made it; not to be changed."""
    run = str(tmp_path_factory.mktemp("halfway") / "run")
    arguments = tiny.arguments(run, text_folder)
    killed(arguments, checkpoints, "save", call=43, after=True)
    assert tiny.STEPS_PER_EPOCH < step_of(run) < 2 * tiny.STEPS_PER_EPOCH
    return run, arguments


@pytest.fixture
def copied(halfway, tmp_path, no_figures):
    """A copy of that run to be damaged, and its arguments."""
    run = str(tmp_path / "run")
    shutil.copytree(halfway[0], run)
    return run, [argument.replace("save_path=" + halfway[0], "save_path=" + run) for argument in halfway[1]]


def bytes_of(run):
    return {path: content for path, (content, _) in tiny.contents(run).items()}


def test_a_run_killed_in_every_phase_of_an_epoch_ends_in_the_same_numbers(tmp_path, text_folder, trained, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder)
    epoch = tiny.STEPS_PER_EPOCH
    for where, call, after, step in [
        ((checkpoints, "save"), 10, False, 9),
        ((checkpoints, "save"), 13, True, 22),
        ((shrinking.sparsity, "report"), 1, False, epoch),  # the evaluation of the epoch is done
        ((checkpoints, "save"), 1, False, epoch),  # the best
        ((checkpoints, "save"), 1, True, epoch),
        ((Metrics, "append"), 1, False, epoch),
        ((Metrics, "append"), 1, True, epoch),
        ((checkpoints, "save"), epoch, True, 2 * epoch),
        ((evaluation.LoadedLanguageModel, "perplexity"), 3, False, 2 * epoch),
        ((reports.files, "write_text"), 3, False, 2 * epoch),
    ]:
        killed(arguments, *where, call=call, after=after)
        assert step_of(run) == step
        assert not os.path.exists(os.path.join(run, "report.txt"))
        if where == (Metrics, "append"):
            assert step_of(os.path.join(run, "best")) == epoch
    assert train.main(arguments) == 0
    same_run(run, trained)


def test_kill_minus_nine_at_random_moments_changes_no_number(tmp_path, text_folder, no_figures):
    chance = random.Random(7)
    whole, run = str(tmp_path / "whole"), str(tmp_path / "run")
    train.main(tiny.arguments(whole, text_folder, *SGD))
    arguments = tiny.arguments(run, text_folder, *SGD)
    for first, last in ((1, 20), (21, 40), (41, 66)):
        process = Process(arguments, tmp_path / "output")
        process.signal_after(run, chance.randint(first, last), signal.SIGKILL, chance.uniform(0, 0.01))
        assert process.end()[0] in (-signal.SIGKILL, 0)
    process = Process(arguments, tmp_path / "output")
    code, words = process.end()
    assert code == 0, words
    same_run(run, whole)


def test_ctrl_c_and_sigterm_save_say_how_to_go_on_and_lose_nothing(tmp_path, text_folder, trained):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder)
    for step, number in ((8, signal.SIGINT), (40, signal.SIGTERM)):
        process = Process(arguments, tmp_path / "output")
        process.signal_after(run, step, signal.SIGSTOP)
        try:
            assert refusal(arguments) == "run directory '{}' is in use by another process.".format(run)
        finally:
            process.signal(number)
            process.signal(signal.SIGCONT)
        code, words = process.end()
        assert code == 130
        prefix = checkpoints.find(run)
        assert "interrupted; saved {}. The same command goes on from there.\ninterrupted.\n".format(prefix) in words
        assert "Traceback" not in words
    code, words = Process(arguments, tmp_path / "output").end()
    assert code == 0 and "going on after step {} of 68".format(prefix.rpartition("-")[2]) in words
    same_run(run, trained)


def test_ctrl_c_around_a_save_leaves_the_checkpoint_that_it_names(tmp_path, text_folder, trained, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder)
    for owner, name, after in [
        (checkpoints, "save", False),
        (checkpoints, "save", True),
        (checkpoints, "remove_others", False),
        (tf.train.Saver, "_RecordLastCheckpoint", True),
    ]:
        killed(arguments, owner, name, call=6, after=after, error=KeyboardInterrupt)
        assert os.path.basename(checkpoints.find(run)) == "model.ckpt-{}".format(step_of(run))
        assert len([each for each in os.listdir(run) if each.endswith(".index")]) == 1
    assert train.main(arguments) == 0
    same_run(run, trained)


def test_old_checkpoints_are_cleared_away_by_a_run_that_goes_on(copied):
    run, arguments = copied
    assert train.main(arguments) == 0
    for folder in (run, os.path.join(run, "best")):
        assert len([name for name in os.listdir(folder) if name.endswith(".index")]) == 1


def cut(name, size):
    def damage(run):
        for each in os.listdir(run):
            if re.match(name, each):
                os.truncate(os.path.join(run, each), size)

    return damage


def drop(name):
    def damage(run):
        for each in os.listdir(run):
            if re.match(name, each):
                os.remove(os.path.join(run, each))

    return damage


def scribble(name):
    def damage(run):
        with open(os.path.join(run, name), "w") as file:
            file.write("{scribble")

    return damage


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (cut(r"model\.ckpt.*data", 500), r"checkpoint '.*model\.ckpt-\d+' is damaged or not of this run: .*less bytes"),
        (cut(r"model\.ckpt.*index", 30), r"checkpoint '.*' is damaged or not of this run: .*too short"),
        (cut(r"model\.ckpt.*index", 0), r"checkpoint '.*' is damaged or not of this run: .*too short"),
        (
            drop(r"model\.ckpt.*data"),
            r"checkpoint '.*' is damaged or not of this run: .*No such file|which is not there",
        ),
        (drop(r"model\.ckpt"), "names the checkpoint '.*', which is not there"),
        (scribble("checkpoint"), "holds no checkpoint .it has no readable 'checkpoint' file"),
        (cut(r"metrics\.csv", 100), r"metrics\.csv: this is no longer the table that was written"),
        (drop(r"metrics\.csv"), r"metrics\.csv has 0 rows where the checkpoint is 1 epochs on; .* --restore_path="),
        (scribble("config.json"), r"config\.json, line 1, column 2: this is not JSON"),
        (drop(r"config\.json"), "is not empty and holds no run"),
    ],
)
def test_a_damaged_run_is_refused_in_one_sentence_and_left_as_it_is(copied, damage, sentence):
    run, arguments = copied
    damage(run)
    before = bytes_of(run)
    said = refusal(arguments)
    assert re.search(sentence, said) and "\n" not in said
    assert bytes_of(run) == before


def test_a_lost_table_of_an_epoch_that_has_just_ended_is_made_again(tmp_path, text_folder, trained, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder)
    killed(arguments, Metrics, "append", after=True)
    os.remove(os.path.join(run, "metrics.csv"))
    assert train.main(arguments) == 0
    same_run(run, trained)


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_once_there_is_room(copied, trained, monkeypatch):
    run, arguments = copied
    before = checkpoints.read(run)
    for room, sentence in (
        (400, "json: cannot be written: File too"),
        (7000, "events.*: cannot be written: .*File too"),
    ):
        with room_for(room):
            assert re.search(sentence, refusal(arguments))
        assert tiny.same_weights(checkpoints.read(run), before)
    save = checkpoints.save

    def save_on_a_full_disk(*arguments):
        with room_for(5000):
            return save(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "save", save_on_a_full_disk)
        assert re.match(r"the checkpoint could not be written to '.*': .*File too large\.$", refusal(arguments))
    assert tiny.same_weights(checkpoints.read(run), before)
    assert train.main(arguments) == 0
    same_run(run, trained)


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_last_good_checkpoint(
    tmp_path, text_folder, monkeypatch, no_figures
):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder, *SGD)
    monkeypatch.setattr(schedules, "learning_rate", lambda options, epoch: 1e30 if epoch else 0.1)
    for _ in range(2):  # and so it does when it is run again
        message = refusal(arguments)
        prefix = checkpoints.find(run)
        assert message.startswith("the loss or its gradient is no finite number any more after step 3")
        assert "the last good checkpoint is '{}'".format(prefix) in message and "\n" not in message
    assert step_of(run) == tiny.STEPS_PER_EPOCH
    for which in ("", "best"):
        assert all(np.isfinite(array).all() for array in tiny.weights(run, which).values())
    assert len(tiny.table(run)) == 1


@pytest.mark.parametrize("name", ["begin", "steps_done"])
def test_exhausted_memory_is_one_sentence_whether_it_is_the_weights_or_a_step(tmp_path, text_folder, monkeypatch, name):
    def exhausted(*arguments):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor")

    monkeypatch.setattr(built.Built, name, exhausted)
    said = refusal(tiny.arguments(tmp_path / "run", text_folder))
    assert re.match(r"the memory is exhausted; choose a smaller train\.batch_size, shorter sequences or .*\.$", said)


def test_a_loss_that_is_no_number_from_the_start_leaves_no_checkpoint(tmp_path, text_folder):
    arguments = tiny.arguments(tmp_path / "run", text_folder, "train.learning_rate=1e30", "train.optimizer=sgd")
    assert "no finite number any more after step 1; there is no checkpoint yet; choose" in refusal(arguments)
    assert step_of(str(tmp_path / "run")) == 0
