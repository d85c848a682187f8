"""A run whose dead units are cut out as it goes: one run directory, the same numbers whatever interrupts it."""

import json
import os
import re
import signal

import numpy as np
import pytest

from ptb import compact, evaluate, model, train
from ptb.trainer import TRAINER
from sparse_rnn import checkpoints, group_files
from sparse_rnn.training import config, proof, shrinking
from sparse_rnn.training.language import restoring
from sparse_rnn.training.metrics import Metrics
from sparse_rnn.training.task import Measures
from tests import tiny
from tests.interruptions import Process, killed, refusal, same_run, step_of

#: The first layer loses units in each of the two epochs.
SHRINKING = ["sparsity.compact_every_epochs=1", "sparsity.penalties.0.strength=0.006"]
EPOCH = tiny.STEPS_PER_EPOCH


@pytest.fixture(autouse=True)
def first_epoch_is_best(monkeypatch):
    """So that the best and the newest checkpoint hold models of different sizes."""
    monkeypatch.setattr(Measures, "improves", lambda self, row, rows: not rows)


@pytest.fixture(scope="module")
def shrunk(tmp_path_factory, text_folder):
    """A run that was never interrupted; not to be changed."""
    run = str(tmp_path_factory.mktemp("shrunk") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Measures, "improves", lambda self, row, rows: not rows)
        assert train.main(tiny.arguments(run, text_folder, *SHRINKING)) == 0
    return run


def restore(run, which="newest"):
    return restoring.restore(TRAINER, run, which=which)


def masks(run, which=""):
    arrays = checkpoints.read(os.path.join(run, which))
    return {name[len("Train/kept/") :]: mask for name, mask in arrays.items() if name.startswith("Train/kept/")}


def test_the_table_counts_by_the_first_model_and_says_what_was_trained(shrunk):
    first, last = tiny.table(shrunk)
    assert 7 > first["units/lstm_0/kept"] > last["units/lstm_0/kept"] > 0
    assert first["units/lstm_0/in_graph"] == 7
    assert last["units/lstm_0/in_graph"] == first["units/lstm_0/kept"]
    assert last["weights_in_graph"] == first["weights_after"] < first["weights_in_graph"] == first["weights"]
    assert last["multiply_adds_in_graph"] == first["multiply_adds_after"]
    for column in ("units/lstm_0/size", "weights", "multiply_adds"):
        assert first[column] == last[column]
    for row in (first, last):
        assert 0 < row["logit_difference"] < 1e-5
    with open(os.path.join(shrunk, "log.txt")) as file:
        lines = re.findall(r"dead units are cut out: (.*); largest \|logit difference\| (\S+);", file.read())
    sizes = [7, first["units/lstm_0/kept"], last["units/lstm_0/kept"]]
    assert [change for change, _ in lines] == ["lstm_0 {} -> {}".format(*pair) for pair in zip(sizes, sizes[1:])]
    assert [float(difference) for _, difference in lines] == [
        pytest.approx(row["logit_difference"], rel=0.1) for row in (first, last)
    ]


def test_what_lies_in_the_run_directory_goes_with_each_checkpoint(shrunk):
    original = model.structure(config.load(TRAINER.experiment, os.path.join(shrunk, "config.json")).model)
    assert [group.size for group in original] == [7, 5, 6]
    for which in ("", "best"):
        folder, arrays = os.path.join(shrunk, which), checkpoints.read(os.path.join(shrunk, which))
        shapes = {name: array.shape for name, array in arrays.items()}
        structure = group_files.load(os.path.join(folder, "structure.json"), shapes)
        with open(os.path.join(folder, "kept.json")) as file:
            kept = json.load(file)
        assert kept == {name: np.flatnonzero(mask).tolist() for name, mask in masks(shrunk, which).items()}
        assert {group.name: group.size for group in structure} == {name: len(units) for name, units in kept.items()}
        assert structure == model.structure(restore(shrunk, which or "newest").experiment.model)
    assert len(masks(shrunk, "best")["lstm_0"]) == len(masks(shrunk)["lstm_0"]) == 7
    assert masks(shrunk, "best")["lstm_0"].sum() > masks(shrunk)["lstm_0"].sum()


def test_the_report_counts_by_the_first_model(shrunk):
    last = tiny.table(shrunk)[-1]
    with open(os.path.join(shrunk, "report.txt")) as file:
        report = file.read()
    kept = last["units/lstm_0/kept"]
    assert re.search(r"^lstm_0 +kept {} of 7 ".format(kept), report, re.MULTILINE)
    assert re.search(
        r"^weights +{} now +{} after removal ".format(last["weights"], last["weights_after"]), report, re.M
    )
    assert "the checkpoint holds lstm_0 {}, lstm_1 ".format(kept) in report
    with open(os.path.join(shrunk, "report.json")) as file:
        assert json.load(file)["sizes"]["lstm_0"] == kept


@pytest.mark.parametrize("which, row", [("newest", 1), ("best", 0)])
def test_it_is_evaluated_at_the_sizes_of_the_checkpoint(shrunk, text_folder, capsys, which, row):
    flags = ["--restore_path=" + shrunk, "--data_path=" + text_folder, "--checkpoint=" + which, "--splits", "valid"]
    assert evaluate.main(flags + ["--styles", "batched"]) == 0
    said = capsys.readouterr().out
    expected = tiny.table(shrunk)[row]
    assert "valid perplexity {:.4f} batched".format(expected["valid_perplexity"]) in said
    assert re.search(r"lstm_0 +kept {0} of {0} ".format(expected["units/lstm_0/kept"]), said)


def test_it_is_compacted_and_trained_on_at_the_sizes_of_the_checkpoint(shrunk, text_folder, tmp_path, no_figures):
    config, units = os.path.join(shrunk, "config.json"), tiny.table(shrunk)[-1]["units/lstm_0/kept"]
    small, tuned = str(tmp_path / "small"), str(tmp_path / "tuned")
    assert compact.main(["--restore_path=" + shrunk, "--data_path=" + text_folder, "--save_path=" + small]) == 0
    assert restore(small).experiment.model.hidden_sizes[0] == units
    more = tiny.arguments(tuned, text_folder, "train.epochs=1", config=config, restore_path=shrunk)
    assert train.main(more) == 0
    row = tiny.table(tuned)[0]
    assert row["units/lstm_0/size"] == row["units/lstm_0/in_graph"] == units
    assert row["train_loss"] < tiny.table(shrunk)[-1]["train_loss"]
    other = refusal(tiny.arguments(tmp_path / "no", text_folder, "model.hidden_sizes=[9, 5]", restore_path=shrunk))
    assert "with shape [{}, {}], the config makes it [15, 36]".format(6 + units, 4 * units) in other


def test_a_run_killed_in_every_phase_of_a_cut_ends_in_the_same_numbers(tmp_path, text_folder, shrunk, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder, *SHRINKING)
    once, twice = [row["units/lstm_0/kept"] for row in tiny.table(shrunk)]
    for where, call, after, step, size in [
        ((proof, "compare"), 1, False, EPOCH, 7),  # the small model is built, the large one still the run's
        ((checkpoints, "save"), 1, True, EPOCH, 7),  # the best is the small one
        ((Metrics, "append"), 1, True, EPOCH, 7),
        ((proof, "compare"), 1, True, EPOCH, 7),  # the row is written, so the cut is all that is left to do
        ((checkpoints, "save"), 1, True, EPOCH, once),
        ((checkpoints, "save"), 20, True, EPOCH + 20, once),
        ((Metrics, "append"), 1, True, 2 * EPOCH, once),
        ((checkpoints, "save"), 1, True, 2 * EPOCH, twice),
    ]:
        killed(arguments, *where, call=call, after=after)
        assert step_of(run) == step
        assert masks(run)["lstm_0"].sum() == size
    assert train.main(arguments) == 0
    same_run(run, shrunk)


def test_kill_minus_nine_around_a_cut_changes_no_number(tmp_path, text_folder, shrunk, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder, *SHRINKING)
    for step, seconds in ((EPOCH, 0.7), (2 * EPOCH, 0.2)):
        process = Process(arguments, tmp_path / "output")
        process.signal_after(run, step, signal.SIGKILL, seconds)
        assert process.end()[0] in (-signal.SIGKILL, 0)
    assert Process(arguments, tmp_path / "output").end()[0] == 0
    assert tiny.table(run) == tiny.table(shrunk)
    assert tiny.same_weights(tiny.weights(run), tiny.weights(shrunk))


def test_an_interruption_by_hand_in_the_middle_of_a_cut_loses_nothing(tmp_path, text_folder, shrunk, no_figures):
    run = str(tmp_path / "run")
    arguments = tiny.arguments(run, text_folder, *SHRINKING, "train.checkpoint_minutes=10")

    for where, call, cut in [
        ((proof, "compare"), 1, False),
        ((shrinking.Shrinking, "describe"), 2, False),  # of the best
        ((shrinking.Shrinking, "describe"), 3, True),  # the row is written
    ]:
        killed(arguments, *where, call=call, error=KeyboardInterrupt)
        assert step_of(run) == EPOCH and masks(run)["lstm_0"].all() != cut
    assert train.main(arguments) == 0
    assert tiny.table(run) == tiny.table(shrunk)
    assert tiny.same_weights(tiny.weights(run), tiny.weights(shrunk))


def test_a_cut_that_is_not_exact_stops_the_run_and_loses_nothing(tmp_path, text_folder, monkeypatch, no_figures):
    run, again = str(tmp_path / "run"), str(tmp_path / "again")
    monkeypatch.setattr(proof, "TOLERANCE", 0.0)
    said = refusal(tiny.arguments(run, text_folder, *SHRINKING, "train.checkpoint_minutes=10"))
    assert re.match(
        r"without its dead units \(lstm_0 7 -> 6\) the model differs by \S+ in a logit after epoch 1, so nothing was "
        r"cut out; go on from '.*model\.ckpt-34' with --restore_path=\S+, another --save_path and --set "
        r"sparsity\.compact_every_epochs=0\.$",
        said,
    )
    assert masks(run)["lstm_0"].all() and step_of(run) == EPOCH
    more = tiny.arguments(again, text_folder, "train.epochs=1", restore_path=run)
    assert train.main(more) == 0
    assert "units/lstm_0/in_graph" not in tiny.table(again)[0]


def test_cuts_come_every_so_many_epochs_only(tmp_path, text_folder, shrunk, no_figures):
    run = str(tmp_path / "run")
    every_second = ["train.checkpoint_minutes=10", "sparsity.compact_every_epochs=2"]
    assert train.main(tiny.arguments(run, text_folder, *SHRINKING, *every_second)) == 0
    first, last = tiny.table(run)
    assert first["units/lstm_0/in_graph"] == last["units/lstm_0/in_graph"] == 7
    assert first["logit_difference"] == 0 < last["logit_difference"]
    # Until the first cut both runs are the same.
    unlike = {name for name, value in first.items() if tiny.table(shrunk)[0][name] != value}
    assert unlike == {"logit_difference"}
    assert restore(run).experiment.model.hidden_sizes[0] == last["units/lstm_0/kept"] < 7
