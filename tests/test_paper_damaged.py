"""A row whose files are damaged: told, kept as it is, and no harm to the others."""

import os
import re
import shutil

import pytest

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
    whole = files.read_text(path)
    files.write_text(path, whole[:left] if left == -9 else "".join(whole.splitlines(True)[:left]))
    capsys.readouterr()
    assert place.call("--show") == 0
    found, said = place.rows(), capsys.readouterr().out
    assert (found["dense"]["state"], found["iss_0.002"]["state"]) == ("done", "damaged")
    assert (found["iss_0.002"]["valid"], found["iss_0.002"]["epochs"]) == ("", "0")
    assert "iss_0.002 is damaged. {}".format(path) in said and "--save_path" not in said.splitlines()[-3]
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


def test_a_run_without_an_origin_is_published(place):
    place.call("--rows=dense")
    os.remove(os.path.join(place.board.run_path("dense"), "origin.json"))
    shutil.rmtree(place.board.published_path("dense"))
    assert place.call("--show") == 0 and place.states()["dense"] == "done"
