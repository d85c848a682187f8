"""scripts/get_squad.sh: two checked files or none; no test touches the network."""

import shutil

import pytest

from tests import fetching
from tests.fetching import contents, run

TEXTS = {"train-v1.1.json": b'{"data": [1]}' * 3, "dev-v1.1.json": b'{"data": [2]}'}
#: A curl that knows both files: its last argument is the address.
BOTH = 'for last; do :; done; cp "{}/${{last##*/}}" "$2"'

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture
def script(tmp_path):
    """The script with the sizes and checksums of our small files in place of SQuAD's."""
    return fetching.checking("get_squad.sh", TEXTS, tmp_path)


def place_with(tmp_path, texts):
    """A line of shell that downloads from a folder with these files."""
    folder = tmp_path / "place"
    folder.mkdir()
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    return BOTH.format(folder)


def test_both_files_arrive_and_the_next_command_is_said(script, tmp_path):
    folder = tmp_path / "a deep one" / "data"
    done = run(script, folder, tmp_path, place_with(tmp_path, TEXTS))
    assert done.returncode == 0, done.stderr
    assert contents(folder) == TEXTS
    assert "bidaf/prepare.py --train={}/train-v1.1.json".format(folder) in done.stdout


def test_files_that_are_there_are_checked_and_not_downloaded_again(script, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name, content in TEXTS.items():
        (folder / name).write_bytes(content)
    done = run(script, folder, tmp_path, "exit 9")
    assert done.returncode == 0, done.stderr
    assert "already" in done.stdout


@pytest.mark.parametrize(
    "texts, reason",
    [
        ({"train-v1.1.json": TEXTS["train-v1.1.json"]}, "dev-v1.1.json could not be downloaded"),
        ({"dev-v1.1.json": TEXTS["dev-v1.1.json"]}, "train-v1.1.json could not be downloaded"),
        (dict(TEXTS, **{"dev-v1.1.json": b'{"data": [3]}'}), "dev-v1.1.json is not the file"),
        (dict(TEXTS, **{"train-v1.1.json": TEXTS["train-v1.1.json"][:-1]}), "train-v1.1.json is not the file"),
    ],
)
def test_a_missing_or_another_file_leaves_nothing_and_says_what_to_look_for(script, tmp_path, texts, reason):
    folder = tmp_path / "data"
    done = run(script, folder, tmp_path, place_with(tmp_path, texts))
    assert done.returncode == 1
    assert reason in done.stderr and "--data_path=builtin" in done.stderr
    assert "dev-v1.1.json  {} bytes  sha256 ".format(len(TEXTS["dev-v1.1.json"])) in done.stderr
    assert contents(folder) == {}


def test_someone_elses_file_of_the_same_name_is_left_alone(script, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "dev-v1.1.json").write_bytes(b"mine")
    done = run(script, folder, tmp_path, place_with(tmp_path, TEXTS))
    assert done.returncode == 1
    assert "dev-v1.1.json is there but is not SQuAD 1.1's" in done.stderr
    assert contents(folder) == {"dev-v1.1.json": b"mine"}
