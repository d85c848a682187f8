"""The benchmarks' rivals compute the same thing, take turns, and what is written adds up; no time is judged."""

import csv
import math
import os
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from rhns import variables
from sparse_rnn.errors import UserError
from sparse_rnn.training import timing

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "benchmarks")
sys.path.insert(0, FOLDER)

import discover  # noqa: E402
import full_evaluation  # noqa: E402
import highway_steps  # noqa: E402
import inference  # noqa: E402
import language_model  # noqa: E402
import measuring  # noqa: E402
import overhead  # noqa: E402
import reporting  # noqa: E402
import running_models  # noqa: E402
import shrink  # noqa: E402
import train_step  # noqa: E402
import training_steps  # noqa: E402

WORDS = 30
TINY = [
    "model.hidden_sizes=[7,7]",
    "model.embedding_size=7",
    "model.keep_prob=1.0",
    "model.init_scale=0.5",
    "train.batch_size=3",
    "train.num_steps=4",
    "train.max_grad_norm=1.0",
]


def module_of(rival):
    """What a rival needs beside this project."""
    return {"PyTorch": "torch", "ONNX Runtime": "onnxruntime"}.get(rival, "numpy")


@pytest.mark.parametrize("rival", sorted(set(train_step.RIVALS) - {"ours"}))
@pytest.mark.parametrize("kind", train_step.KINDS)
def test_every_rival_trains_the_same_weights(rival, kind):
    pytest.importorskip(module_of(rival), reason="{} is not installed".format(rival))
    experiment = language_model.experiment("large", TINY + list(train_step.KINDS[kind]))
    corpus, arrays = language_model.corpus(200, WORDS), language_model.arrays(experiment.model, WORDS)
    trained = []
    for name in ("ours", rival):
        step = getattr(training_steps, train_step.RIVALS[name])(experiment, corpus, arrays)
        for _ in range(4):
            step()
        trained.append(step.weights())
    ours, theirs = trained
    assert set(ours) == set(arrays) == set(theirs)
    for name, value in ours.items():
        np.testing.assert_allclose(theirs[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
        assert np.abs(value - arrays[name]).max() > 1e-3


@pytest.mark.parametrize("rival", [full_evaluation.FULL, full_evaluation.ORIGINAL])
def test_every_way_to_evaluate_gives_the_same_perplexity(rival):
    experiment = language_model.experiment("large", TINY)
    arrays = language_model.arrays(experiment.model, WORDS)
    ids = language_model.corpus(60, WORDS).test
    calls, facts = full_evaluation.evaluation_of(rival, experiment, arrays, ids)
    scores = language_model.logits(arrays, ids[np.newaxis, :-1])[:, 0]
    right = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(59), ids[1:]]
    assert math.log(calls["text"]()) == pytest.approx(right.mean(), rel=1e-5)
    assert facts == {"words": 59, "mended": 0}


@pytest.mark.parametrize("kind", train_step.KINDS)
def test_the_unrolled_highway_network_trains_the_same_weights(kind):
    tiny = [
        "model.hidden_sizes=[7]",
        "model.depth=3",
        "model.init_scale=0.5",
        "train.batch_size=3",
        "train.num_steps=4",
    ]
    experiment = highway_steps.experiment("highway_830", list(train_step.HIGHWAY_KINDS[kind]) + tiny)
    corpus = language_model.corpus(200, WORDS)
    arrays = language_model.arrays(experiment.model, WORDS, variables.shapes)
    trained = []
    for rival in ("ours", "unrolled_cell"):
        step = highway_steps.make(rival, experiment, corpus, arrays)
        for _ in range(4):
            step()
        trained.append(step.weights())
    ours, theirs = trained
    assert set(ours) == set(arrays) == set(theirs)
    for name, value in ours.items():
        np.testing.assert_allclose(theirs[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
        assert np.abs(value - arrays[name]).max() > 1e-3
    with pytest.raises(UserError, match="there is no highway network of that kind"):
        highway_steps.make("block_lstm", experiment, corpus, arrays)


@pytest.mark.parametrize("rival", inference.RIVALS)
def test_every_rival_runs_and_has_the_scores_of_numpy(rival, monkeypatch):
    pytest.importorskip(module_of(rival), reason="{} is not installed".format(rival))
    monkeypatch.setattr(language_model, "VOCABULARY", WORDS)
    options = replace(language_model.experiment("large").model, embedding_size=9, hidden_sizes=(7, 5), keep_prob=1.0)
    arrays = language_model.arrays(replace(options, init_scale=0.7), WORDS)
    make, shapes = getattr(running_models, inference.RIVALS[rival]), [(3, 4), (1, 1)]
    if rival == "ours in shares":
        with pytest.raises(UserError, match="several threads and as many sequences"):
            make(options, arrays, 1, shapes)
        shapes.remove((1, 1))
    try:
        calls = make(options, arrays, 2, [(3, 4), (1, 1)])
    except UserError as error:
        if "tf.xla" not in str(error):
            raise
        pytest.skip(str(error))
    assert set(calls) == {(part, *shape) for part in running_models.PARTS for shape in shapes}
    for call in calls.values():
        call()


def test_a_rival_with_other_scores_is_not_timed(monkeypatch):
    monkeypatch.setattr(language_model, "VOCABULARY", WORDS)
    options = replace(language_model.experiment("large").model, embedding_size=9, hidden_sizes=(7, 5), keep_prob=1.0)
    arrays = language_model.arrays(replace(options, init_scale=0.7), WORDS)
    with pytest.raises(UserError, match="differ from numpy's"):
        running_models.ours(replace(options, forget_bias=1.0), arrays, 1, [(3, 4)])


def counter(start):
    """A rival of two cases that counts its calls."""
    if start < 0:
        raise UserError("there is nothing below zero.")
    counts = {"one": start, "other": start}

    def call(case):
        counts[case] += 1

    return {case: (lambda case=case: call(case)) for case in counts}, {"counts": "of {}".format(start)}


def test_rivals_are_measured_in_processes_of_their_own_and_a_missing_one_is_left_out(capsys, monkeypatch):
    rivals = [measuring.Rival(str(start), counter, (start,)) for start in (1, -1)]
    found = measuring.measure(rivals, repeats=2, warm_up=0)
    assert [(each.name, each.case) for each in found] == [("1", "one"), ("1", "other")]
    assert all(each.timing.milliseconds > 0 and each.facts["first_seconds"] > 0 for each in found)
    assert found[0].facts["counts"] == "of 1"
    assert "without -1: there is nothing below zero." in capsys.readouterr().out


@pytest.mark.parametrize("long_call, counts", [(10.0, False), (0.1, True)])
def test_the_first_call_of_a_turn_counts_only_where_it_is_long(long_call, counts, monkeypatch):
    monkeypatch.setattr(measuring, "LONG_CALL", long_call)
    monkeypatch.setattr(measuring, "SECONDS_PER_TURN", 0.0)
    pauses = iter([0.2, 0.01])
    assert (measuring._seconds_per_call(lambda: time.sleep(next(pauses))) >= 0.2) is counts


def test_sizes_of_epochs_are_those_that_the_one_before_has_left_or_the_table_is_refused(tmp_path):
    path = tmp_path / "metrics.csv"
    with pytest.raises(
        UserError, match="--history: '.*metrics.csv' is no table of epochs with the units of lstm_0 and"
    ):
        shrink.main(["--questions=epochs", "--history=" + str(path)])
    columns = ["units/{}/{}".format(name, each) for name in ("lstm_0", "lstm_1") for each in ("size", "kept")]
    lines = [["epoch"] + columns, [1, 9, 7, 8, 8], [2, 9, 8, 8, 5], [3, 9, 2, 8, 2]]
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    first, trained = shrink._sizes_of(str(path))
    assert first == {"lstm_0": 9, "lstm_1": 8}
    assert trained == [first, {"lstm_0": 7, "lstm_1": 8}, {"lstm_0": 7, "lstm_1": 5}]


def test_without_any_rival_there_is_nothing_to_measure(capsys):
    with pytest.raises(UserError, match="none of these can be run here; the reasons stand above"):
        measuring.measure([measuring.Rival("less", counter, (-1,))], repeats=2)
    assert "without less: there is nothing below zero." in capsys.readouterr().out


def test_a_number_of_turns_is_refused_before_anything_is_measured():
    with pytest.raises(UserError, match="--repeats: '0' is no whole number of at least 1"):
        train_step.main(["--sizes=small", "--repeats=0"])


def test_a_part_of_a_run_replaces_its_rows_and_keeps_all_others(tmp_path):
    path = str(tmp_path / "folder" / "numbers.csv")
    reporting.merge(path, [{"size": "small", "ms": 1.5}, {"size": "large", "ms": 9}], ["size"])
    rows = reporting.merge(path, [{"size": "small", "ms": 2.5}], ["size"])
    assert rows == [{"size": "small", "ms": "2.5"}, {"size": "large", "ms": "9"}]
    with open(path) as file:
        assert file.read() == "size,ms\nsmall,2.5\nlarge,9\n"
    reporting.merge(path, [{"size": "small", "seconds": 3}], ["size"])
    with open(path) as file:
        assert file.read() == "size,seconds,ms\nsmall,3,\nlarge,,9\n"


def test_the_command_prints_a_table_and_writes_csv_and_figure(tmp_path, capsys):
    flags = ["--sizes=small", "--kinds=dense", "--rivals=BlockLSTM", "--repeats=1"]
    assert train_step.main(flags + ["--save_path={}".format(tmp_path)]) == 0
    assert "words/s" in capsys.readouterr().out
    written = sorted(os.listdir(str(tmp_path)))
    assert written[0] == "train_step.csv" and written[1].endswith(".png")


def test_a_rival_that_does_not_exist_is_refused_with_those_there_are():
    with pytest.raises(UserError, match="--rivals: 'Pytorch' is none of ours, unrolled cell, .*PyTorch"):
        train_step.main(["--rivals=Pytorch"])


def test_overhead_is_of_steps_that_take_turns_on_the_same_weights(tmp_path, capsys, monkeypatch):
    whole = language_model.experiment
    smaller = ("model.hidden_sizes=[6, 5]", "train.num_steps=3")
    monkeypatch.setattr(language_model, "experiment", lambda size, more=(): whole(size, smaller + tuple(more)))
    calls = overhead.make_steps("small")
    weights = calls["dense"].func.__self__.weights
    small = []
    for kind in ("+ zeroing", "dense", "+ penalty", "+ penalty, zeroing"):
        before = weights()
        calls[kind]()
        assert any(np.any(weights()[name] != array) for name, array in before.items())
        kernel = weights()["Model/RNN/multi_rnn_cell/cell_0/basic_lstm_cell/kernel"]
        small.append(bool(np.any((kernel != 0) & (np.abs(kernel) < 1e-4))))
    assert small == [False, True, True, False]

    milliseconds = iter([100.0, 103.0, 102.0, 104.0, 200.0, 220.0, 202.0, 230.0, 9000.0])

    def measured(rivals, repeats):
        cases = [(rival.name, case) for rival in rivals for case in rival.make(*rival.arguments)]
        return [measuring.Measured(*each, timing.Timing(next(milliseconds), (0, 0)), {}) for each in cases]

    monkeypatch.setattr(measuring, "measure", measured)
    monkeypatch.setattr(overhead, "make_counting", lambda size: {"step": None})
    flags = ["--sizes=small", "--processes=2", "--repeats=1", "--save_path={}".format(tmp_path)]
    assert overhead.main(flags) == 0
    assert "zeroing, counting  167.58       9.94% (4.58% to 15.29%)" in capsys.readouterr().out
    with open(str(tmp_path / "overhead.csv")) as file:
        rows = {row["rival"]: row for row in csv.DictReader(file)}
    assert [row["ratio"] for row in rows.values()] == ["0.0", "0.065", "0.015", "0.095", "0.0044", "0.0994"]
    assert (rows["+ penalty"]["least"], rows["+ penalty"]["most"]) == ("0.03", "0.1")


def test_finding_a_structure_adds_its_seconds_to_a_csv(tmp_path, capsys):
    flags = ["--width=3", "--depth=2", "--repeats=2", "--save_path={}".format(tmp_path)]
    for steps in (2, 3):
        assert discover.main(flags + ["--steps={}".format(steps)]) == 0
    assert "model/RHN0: 3 units; " in capsys.readouterr().out
    with open(str(tmp_path / "discover.csv")) as file:
        rows = list(csv.DictReader(file))
    assert [row["steps"] for row in rows] == ["2", "3"]
    assert 0 < int(rows[0]["operations"]) < int(rows[1]["operations"])
    assert all(float(row["low"]) <= float(row["seconds"]) <= float(row["high"]) for row in rows)


@pytest.mark.parametrize(
    "flag, message",
    [("--stepz=3", "no flag '--stepz'; did you mean '--steps'"), ("--steps=0", "'0' is no whole number")],
)
def test_a_graph_that_cannot_be_built_is_refused(flag, message, tmp_path):
    with pytest.raises(UserError, match=message):
        discover.main([flag, "--save_path={}".format(tmp_path)])
