"""A row whose files are damaged: told, kept as it is, and no harm to the others."""

import os
import re
import shutil

import pytest

from paper import figures
from sparse_rnn import files
from sparse_rnn.errors import UserError
from tests import tiny
from tests.test_paper import tiny_place  # noqa: F401 - the fixture 'place'


@pytest.mark.parametrize("name", ["metrics.csv", "report.json", "config.json"])
@pytest.mark.parametrize("left", [0, 1, 2, -9])
def test_a_damaged_row_is_told_and_hides_no_other(place, capsys, name, left):
    place.call("--rows=dense,iss_0.002")
    shutil.rmtree(place.runs)
    path = os.path.join(place.board.published_path("iss_0.002"), name)
    whole, before = files.read_text(path), place.rows()
    files.write_text(path, whole[:left] if left == -9 else "".join(whole.splitlines(True)[:left]))
    capsys.readouterr()
    assert place.call("--show") == 0
    found, said = place.rows(), capsys.readouterr().out
    assert found["dense"] == before["dense"] and found["iss_0.002"] == dict(before["iss_0.002"], state="damaged")
    assert "\niss_0.002 is damaged, " in said and path in said
    assert not any("--save_path" in line for line in said.splitlines() if "is damaged" in line)
    # It is not trained anew: a copy of its numbers may be all that is missing.
    with pytest.raises(UserError, match="iss_0.002 .{}".format(re.escape(path))) as refused:
        place.call("--rows=iss_0.002")
    assert not os.path.exists(place.runs) and "goes on" not in str(refused.value)
    files.write_text(path, whole)
    assert place.call("--rows=iss_0.002") == 0 and place.states()["iss_0.002"] == "done"


def test_a_damaged_row_gives_way_to_a_finished_run_only(place, tmp_path):
    place.call("--rows=dense")
    folder, copy = place.board.published_path("dense"), str(tmp_path / "copy")
    shutil.move(folder, copy)
    shutil.rmtree(place.runs)
    place.mark("dense", "fail")
    with pytest.raises(UserError, match="dense .exit code 7"):
        place.call("--rows=dense")
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    files.write_text(os.path.join(folder, "metrics.csv"), "")
    published = tiny.contents(folder)
    place.call("--show")
    assert tiny.contents(folder) == published
    # The run directory is whole, so what it holds is shown and goes on.
    os.remove(os.path.join(place.data, "dense.fail"))
    assert place.states()["dense"] == "1 of 2 epochs" and place.call("--rows=dense") == 0
    assert place.states()["dense"] == "done" and tiny.contents(folder) != published


@pytest.mark.parametrize("config", ["{}", "[]", '{"train": {}}'])
def test_a_config_that_is_none_is_damage(place, capsys, config):
    place.call("--rows=dense")
    shutil.rmtree(place.runs)
    files.write_text(os.path.join(place.board.published_path("dense"), "config.json"), config)
    assert place.call("--show") == 0
    assert place.states()["dense"] == "damaged" and "not the config of a run" in capsys.readouterr().out


def test_a_report_that_says_nothing_is_damage(place):
    place.call("--rows=dense")
    shutil.rmtree(place.runs)
    files.write_text(os.path.join(place.board.published_path("dense"), "report.json"), "{}")
    assert place.call("--show") == 0 and place.states()["dense"] == "damaged"


def test_rows_that_follow_from_a_damaged_one_keep_what_is_known_of_them(place):
    place.call("--rows=iss_0.002,direct")
    before = place.rows()["direct"]
    shutil.rmtree(place.runs)
    files.write_text(os.path.join(place.board.published_path("iss_0.002"), "metrics.csv"), "")
    place.call("--show")
    assert {**place.rows()["direct"], "command": ""} == {**before, "command": ""}


def test_figures_are_left_alone_while_a_row_is_damaged(place, monkeypatch):
    place.call("--rows=dense")
    shutil.rmtree(place.runs)
    files.write_text(os.path.join(place.board.published_path("dense"), "metrics.csv"), "")
    drawn = []
    monkeypatch.setattr(figures, "draw", lambda *arguments: drawn.append(arguments))
    place.call("--show")
    assert not drawn


@pytest.mark.parametrize("left", [-1, -20, 700])
def test_a_table_that_is_cut_off_is_refused(place, left):
    place.call("--rows=dense")
    path = os.path.join(place.results, "table1.csv")
    files.write_text(path, files.read_text(path)[:left])
    with pytest.raises(UserError, match="table1.csv: this is no longer the table that was written"):
        place.call("--show")


def test_a_run_without_an_origin_is_published(place):
    place.call("--rows=dense")
    os.remove(os.path.join(place.board.run_path("dense"), "origin.json"))
    shutil.rmtree(place.board.published_path("dense"))
    assert place.call("--show") == 0 and place.states()["dense"] == "done"
