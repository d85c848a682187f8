"""The command that fills a table: what is missing is trained, what is done is shown, and nothing is done twice."""

import csv
import os
import shutil
import signal
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest
from matplotlib.text import Text

from paper import figures, jobs, kinds, make, rows, sizes
from paper.board import ROOT, Board
from sparse_rnn import files, plots
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, origin
from tests import fake_trainer, tiny
from tests.test_paper_rows import TABLE

DRAW = figures.draw
REPORTED = {
    "values": {"test": 78.65, "weights": 21.8e6},
    "units": {"lstm_0": 4, "lstm_1": 3},
    "sources": {"weights": "a"},
}


def start(monkeypatch, process):
    """Has trainings, and nothing else that TensorFlow may ask for while it loads, start as ``process``."""
    monkeypatch.setattr(jobs, "subprocess", SimpleNamespace(**dict(vars(subprocess), Popen=process)))


@pytest.fixture(name="place")
def tiny_place(tmp_path, text_folder, monkeypatch):
    """Flags of a call in a folder of its own, with a table of tiny rows and a trainer that trains nothing."""
    config_path = tiny.write_config(tmp_path / "tiny.json")
    iss = {"series": "ISS", "config": config_path}
    dense = {"series": "dense", "config": config_path, "overrides": ["sparsity.penalties=[]"]}
    given = [
        dict(dense, name="dense", title="dense"),
        dict(iss, name="iss_0.001", title="ISS", overrides=["sparsity.penalties.0.strength=0.001"]),
        dict(iss, name="iss_0.002", title="ISS", overrides=["sparsity.penalties.0.strength=0.002"], paper=REPORTED),
        dict(dense, name="direct", title="direct", series="direct", sizes_of="iss_0.002"),
        dict(iss, name="from_dense", title="from dense", series="from dense", restores="dense"),
        {"name": "seed_2", "title": "again", "series": "ISS", "best_of": ["iss_0.001", "iss_0.002"]},
    ]
    given[-1]["overrides"] = ["train.seed=2"]
    table = config.from_dict(rows.Table, dict(TABLE, rows=given, groups=["lstm_0", "lstm_1"]), "table.json")
    monkeypatch.setattr(rows, "load", lambda number, scale: table)
    monkeypatch.setattr(jobs, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(figures, "draw", lambda *arguments: [])
    monkeypatch.setattr(kinds.KINDS["ptb"], "script", fake_trainer.__file__)
    start(monkeypatch, fake_trainer.Process)
    data = shutil.copytree(text_folder, str(tmp_path / "data"))
    return Place(table, data, str(tmp_path / "runs"), str(tmp_path / "results"))


class Place:
    def __init__(self, table, data, runs, results):
        self.data, self.runs, self.results = data, runs, results
        self.board = Board("table1_cpu", table, data, runs, results)
        paths = {"data_path": data, "runs_path": runs, "results_path": results}
        self.flags = ["--table=1", "--scale=cpu"] + ["--{}={}".format(*each) for each in paths.items()]

    def call(self, *flags):
        return make.main(self.flags + ["--skip-timing"] + list(flags))

    def mark(self, name, what):
        files.write_text(os.path.join(self.data, "{}.{}".format(name, what)), "")

    def rows(self):
        with open(os.path.join(self.results, "table1.csv")) as file:
            return {row["row"]: row for row in csv.DictReader(file)}

    def states(self):
        return {name: row["state"] for name, row in self.rows().items()}


def test_rows_are_trained_in_order_and_what_one_found_decides_the_next(place, capsys):
    assert place.call("--jobs=2") == 0
    said = capsys.readouterr().out
    begun = [line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith("begins")]
    assert begun[:2] == ["dense", "iss_0.001"] and set(begun) == set(place.board.table.names)
    assert begun.index("direct") > begun.index("iss_0.002")
    assert set(place.states().values()) == {"done"}
    direct = place.board.outcome("direct").config
    assert direct["model"]["hidden_sizes"] == [5, 3] and direct["sparsity"]["penalties"] == []
    # Of the two the validation of 0.002 is the better one.
    seed = place.board.outcome("seed_2").config
    assert seed["sparsity"]["penalties"][0]["strength"] == 0.002 and seed["train"]["seed"] == 2
    restored = files.read_json(os.path.join(place.board.run_path("from_dense"), "origin.json"))["restored_from"]
    assert restored == place.board.run_path("dense")


def test_what_is_done_is_not_done_again_even_where_only_the_numbers_are(place, capsys):
    place.call()
    before = tiny.contents(place.runs)
    place.call()
    assert tiny.contents(place.runs) == before
    shutil.rmtree(place.runs)
    capsys.readouterr()
    place.call()
    assert "begins" not in capsys.readouterr().out and not os.path.exists(place.runs)
    # A checkpoint is no number: the dense model is needed again to begin from.
    shutil.rmtree(place.board.published_path("from_dense"))
    assert place.board.missing(["from_dense"]) == ["dense", "from_dense"]
    # Its epochs are trained anew: those that are published have no checkpoint to go on from.
    assert place.board.is_done("dense") and place.board.epochs_here("dense") == 0


def test_numbers_are_published_as_they_are_without_paths_of_this_machine(place):
    place.call("--rows=iss_0.002")
    folder = place.board.published_path("iss_0.002")
    for name in ("config.json", "metrics.csv", "report.json"):
        assert files.read_text(os.path.join(folder, name)) == files.read_text(
            os.path.join(place.board.run_path("iss_0.002"), name)
        )
    told = files.read_json(os.path.join(folder, "origin.json"))
    assert told["machine"] == "a machine" and set(told) == {"command", "machine", "versions"}
    assert "--data_path=data/ptb --save_path=runs/table1_cpu/iss_0.002" in told["command"]
    assert os.path.dirname(place.runs) not in told["command"].replace(place.board.table.rows[2].config, "")


def test_the_csv_has_the_papers_numbers_ours_and_how_to_repeat_them(place):
    place.call("--rows=dense,iss_0.002")
    found = place.rows()
    row = found["iss_0.002"]
    assert (row["valid"], row["test"], row["units"], row["seed"], row["epochs"]) == (
        "100.125",
        "99.125",
        "5, 3",
        "1",
        "2",
    )
    assert (row["paper_test"], row["paper_units"], row["paper_sources"]) == ("78.65", "4, 3", "weights: a")
    assert (row["weights"], row["multiply_adds"], row["machine"]) == ("140", "112", "a machine")
    assert float(row["fewer_multiply_adds"]) == round((7 + 5 + 6) / (5 + 3 + 6), 4)
    shapes = place.board.kind.shapes(place.board.run("dense").experiment.model, {"words": 31})
    assert int(row["nonzero_weights"]) == round(0.75 * sum(a * (b or [1])[0] for a, *b in shapes.values()))
    # What is not run has costs where its sizes are known, and nothing else.
    assert (found["direct"]["state"], found["direct"]["weights"]) == ("not run", str(direct_weights(place)))
    assert (found["iss_0.001"]["weights"], found["iss_0.001"]["valid"]) == ("", "")


def direct_weights(place):
    return place.board.kind.cost(place.board.run("direct").experiment, {"words": 31})[0]


def test_costs_of_a_row_that_is_not_run_are_those_of_the_papers_units_and_are_timed(place, capsys, monkeypatch):
    assert make.main(place.flags + ["--show"]) == 0
    found = place.rows()
    assert set(place.states().values()) == {"not run"}
    weights = 31 * 6 + (6 + 4) * 16 + 16 + (4 + 3) * 12 + 12 + 3 * 31 + 31
    assert found["iss_0.002"]["weights"] == str(weights)
    assert float(found["iss_0.002"]["milliseconds"]) > 0 and found["iss_0.001"]["milliseconds"] == ""
    assert float(found["dense"]["speed_up"]) == 1
    said = capsys.readouterr().out
    assert "78.65?" in said and "21.8M " in said and "21.8M?" not in said
    # Measured numbers stay while the sizes do, and so does the machine that they are of.
    monkeypatch.setattr(origin, "machine", lambda: "another machine")
    place.call("--show")
    for column in ("milliseconds", "timed_on"):
        assert place.rows()["iss_0.002"][column] == found["iss_0.002"][column] != "another machine"
    place.call("--rows=iss_0.002")
    assert place.rows()["iss_0.002"]["milliseconds"] == "" != place.rows()["dense"]["milliseconds"]


def test_a_row_that_fails_stops_no_other_and_the_same_command_goes_on(place):
    place.mark("iss_0.002", "fail")
    with pytest.raises(UserError) as refused:
        place.call("--jobs=3")
    said = str(refused.value)
    assert "iss_0.002 (exit code 7)" in said and "direct (it waits for iss_0.002)" in said and said.endswith("goes on.")
    states = place.states()
    assert (states["iss_0.002"], states["direct"], states["from_dense"]) == ("1 of 2 epochs", "not run", "done")
    assert place.rows()["iss_0.002"]["valid"] == "109.125"
    os.remove(os.path.join(place.data, "iss_0.002.fail"))
    assert place.call() == 0
    assert set(place.states().values()) == {"done"}


def test_a_trainer_that_says_much_is_not_held_up_and_its_last_words_are_told(place, monkeypatch):
    start(monkeypatch, subprocess.Popen)
    place.mark("dense", "talk")
    with pytest.raises(UserError, match=r"dense \(error: the last word\);"):
        place.call("--rows=dense", "--jobs=2")


def test_a_finished_runs_numbers_give_way_to_a_finished_run_only(place):
    place.call("--rows=dense")
    published = tiny.contents(place.board.published_path("dense"))
    # The dense model is trained anew, because another row begins from it and only its numbers are here.
    shutil.rmtree(place.runs)
    place.mark("dense", "fail")
    with pytest.raises(UserError, match="dense .exit code 7"):
        place.call("--rows=from_dense")
    assert tiny.contents(place.board.published_path("dense")) == published
    assert place.rows()["dense"]["epochs"] == "2"


def test_numbers_of_another_experiment_are_not_published(place):
    place.call("--rows=dense")
    published = tiny.contents(place.results)
    path = os.path.join(place.board.run_path("dense"), "config.json")
    changed = files.read_json(path)
    changed["train"]["epochs"] = 3
    files.write_json(path, changed)
    with pytest.raises(UserError, match="holds another experiment than the row 'dense': train.epochs is 3 there"):
        place.call("--show")
    assert tiny.contents(place.results) == published


def test_an_interruption_stops_all_trainings_and_keeps_their_numbers(place, monkeypatch):
    start(monkeypatch, subprocess.Popen)
    for name in ("dense", "iss_0.001"):
        place.mark(name, "wait")

    def interrupt():
        while not all(os.path.exists(os.path.join(place.data, name + ".waits")) for name in ("dense", "iss_0.001")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        place.call("--jobs=2")
    for name in ("dense", "iss_0.001"):
        assert len(place.board.outcome(name).rows) == 1
        assert os.path.exists(os.path.join(place.board.published_path(name), "metrics.csv"))


def test_trainings_side_by_side_share_the_processors(place, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    place.call("--jobs=2", "--rows=dense")
    origin = files.read_json(os.path.join(place.board.run_path("dense"), "origin.json"))
    assert origin["threads"] == "2"


def test_numbers_of_another_experiment_are_refused(place):
    place.call("--rows=iss_0.001")
    shutil.rmtree(place.runs)
    path = os.path.join(place.board.published_path("iss_0.001"), "config.json")
    files.write_json(path, dict(files.read_json(path), description="other words do not matter"))
    place.call("--show")
    changed = files.read_json(path)
    changed["train"]["epochs"] = 3
    files.write_json(path, changed)
    with pytest.raises(UserError, match="holds another experiment than the row 'iss_0.001': train.epochs is 3 there"):
        place.call("--show")


def test_a_dry_run_prints_commands_and_times_and_trains_nothing(place, capsys):
    place.call("--rows=iss_0.001")
    shutil.rmtree(place.results)
    before = tiny.contents(place.runs)
    capsys.readouterr()
    assert place.call("--dry-run", "--rows=dense,iss_*,direct") == 0
    said = capsys.readouterr().out
    assert "dense, 0 min with the steps of its first epoch\n  python" in said
    assert "iss_0.001 is done" in said and "direct\n  (follows from iss_0.002)" in said
    assert "evaluation and rows that follow from others not counted" in said
    assert tiny.contents(place.runs) == before and not os.path.exists(place.results)


def test_a_dry_run_without_data_says_how_to_get_it(place, capsys):
    shutil.rmtree(place.data)
    assert place.call("--dry-run") == 0
    assert "'{}' is not there; get it".format(place.data) in capsys.readouterr().out
    with pytest.raises(UserError, match="is not there; get it"):
        place.call()


def test_rows_of_the_other_scale_stay_in_the_csv(place):
    place.call("--rows=dense")
    make.main([flag.replace("=cpu", "=paper") for flag in place.flags] + ["--show", "--skip-timing"])
    with open(os.path.join(place.results, "table1.csv")) as file:
        scales = [row["scale"] + " " + row["state"] for row in csv.DictReader(file) if row["row"] == "dense"]
    assert scales == ["paper not run", "cpu done"]


def test_figures_are_drawn_of_what_was_run_and_of_nothing_else(place, monkeypatch):
    monkeypatch.setattr(figures, "draw", DRAW)
    place.call("--show")
    assert not any(name.endswith(".png") for name in os.listdir(place.results))
    place.call("--rows=dense")
    for name in ("table1_cpu.png", "table1_cpu_units.png"):
        assert files.read_bytes(os.path.join(place.results, name)).startswith(b"\x89PNG")


def test_names_of_points_that_are_close_cover_neither_each_other_nor_a_point():
    figure = plots.new_figure(5.0, 5.0)
    panel = figure.subplots()
    points = [("direct", 1.0, 100.0), ("l1", 1.01, 99.0), ("direct_same_schedule", 1.0, 101.0)]
    points += [("dense", 2.0, 150.0), ("iss", 0.0, 60.0)]
    points += [("dense_seed_{}".format(seed), 2.0, 150.0 - seed / 10) for seed in range(2, 9)]
    panel.plot([x for _, x, _ in points], [y for _, _, y in points], "o")
    figure.canvas.draw()
    figures.label_points(panel, points)
    figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in panel.texts]  # of the words, as they stand now
    assert [text.get_text() for text in panel.texts] == [name for name, _, _ in points]
    assert not any(box.count_overlaps(boxes[:number]) for number, box in enumerate(boxes))
    middles = panel.transData.transform([point[1:] for point in points])
    assert not any(box.contains(*middle) for box in boxes for middle in middles)


def test_times_are_taken_anew_only_where_something_is_new_or_asked_for(place, monkeypatch):
    place.call("--rows=dense")
    timed = []
    monkeypatch.setattr(sizes, "measure", lambda board: timed.append(board) or {})
    assert make.main(place.flags + ["--rows=dense"]) == 0 and not timed
    place.mark("iss_0.001", "fail")
    with pytest.raises(UserError):
        make.main(place.flags + ["--rows=iss_0.001"])
    assert not timed
    make.main(place.flags + ["--show"])
    make.main(place.flags + ["--rows=iss_0.002"])
    assert len(timed) == 2


def test_only_the_rows_that_are_asked_for_are_printed_and_the_csv_has_all(place, capsys):
    place.call("--show", "--rows=iss_*")
    said = capsys.readouterr().out
    assert "iss_0.001" in said and "iss_0.002" in said and "direct" not in said and "from_dense" not in said
    assert list(place.rows()) == list(place.board.table.names)


def test_data_without_its_files_is_refused_before_a_training(place):
    os.remove(os.path.join(place.data, "valid.txt"))
    with pytest.raises(UserError, match="valid.txt"):
        place.call()
    assert not os.path.exists(place.runs)


def test_commands_and_numbers_are_not_shown_at_once(place):
    with pytest.raises(UserError, match="--show: not allowed with argument --dry-run"):
        place.call("--dry-run", "--show")


def test_jobs_that_are_no_number_are_refused(place):
    for given in ("0", "many"):
        with pytest.raises(UserError, match="--jobs: '{}' is no whole number of at least 1".format(given)):
            place.call("--jobs=" + given)


def test_a_pattern_that_no_row_has_is_refused(place):
    with pytest.raises(UserError, match="--rows: there is no row 'ISS_\\*'; did you mean"):
        place.call("--rows=ISS_*")


def test_a_real_training_fills_its_row(place, monkeypatch):
    start(monkeypatch, subprocess.Popen)
    monkeypatch.setattr(kinds.KINDS["ptb"], "script", "ptb/train.py")
    place.call("--rows=iss_0.001", "--jobs=2")
    row, outcome = place.rows()["iss_0.001"], place.board.outcome("iss_0.001")
    assert row["state"] == "done" and row["valid"] == str(round(outcome.report["perplexity"]["valid"]["batched"], 4))
    assert row["weights"] == str(outcome.report["weights_after"])
    # The text has other words than the table counts with, so what the shares of zeros are of is not known.
    assert row["nonzero_weights"] == ""


def test_the_scripts_call_it():
    for number in rows.TABLES:
        path = os.path.join(ROOT, "scripts", "table{}.sh".format(number))
        assert "paper/make.py --table={} ".format(number) in files.read_text(path) and os.access(path, os.X_OK)
