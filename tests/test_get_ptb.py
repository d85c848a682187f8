"""scripts/get_ptb.sh: three checked files or none; no test touches the network."""

import hashlib
import os
import shutil
import tarfile

import pytest

from tests import fetching
from tests.fetching import contents, run

TEXTS = {
    "ptb.train.txt": b" the cat saw the dog \n" * 5,
    "ptb.valid.txt": b" the dog saw the cat \n",
    "ptb.test.txt": b" no cat \n",
}
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture
def script(tmp_path):
    """The script with the sizes and checksums of our small texts in place of the Penn Treebank's."""
    return fetching.checking("get_ptb.sh", TEXTS, tmp_path)


def archive_of(tmp_path, texts, prefix="./simple-examples/data/"):
    folder = tmp_path / "packed"
    folder.mkdir()
    path = tmp_path / "simple-examples.tgz"
    with tarfile.open(str(path), "w:gz") as archive:
        for name, content in dict(texts, **{"ptb.char.train.txt": b"c a t"}).items():
            (folder / name).write_bytes(content)
            archive.add(str(folder / name), prefix + name)
    return path


@pytest.mark.parametrize("prefix", ["./simple-examples/data/", "simple-examples/data/", ""])
def test_the_three_files_of_the_archive_arrive_and_nothing_else(script, tmp_path, prefix):
    folder = tmp_path / "a deep one" / "data"
    done = run(script, folder, tmp_path, 'cp "{}" "$2"'.format(archive_of(tmp_path, TEXTS, prefix)))
    assert done.returncode == 0, done.stderr
    assert contents(folder) == TEXTS
    assert "--data_path={}".format(folder) in done.stdout


def test_files_that_are_there_are_checked_and_not_downloaded_again(script, tmp_path):
    for name, content in TEXTS.items():
        (tmp_path / name).write_bytes(content)
    done = run(script, tmp_path, tmp_path, "exit 9")
    assert done.returncode == 0, done.stderr
    assert "already" in done.stdout


def test_a_missing_one_of_the_three_is_added(script, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "ptb.train.txt").write_bytes(TEXTS["ptb.train.txt"])
    done = run(script, folder, tmp_path, 'cp "{}" "$2"'.format(archive_of(tmp_path, TEXTS)))
    assert done.returncode == 0, done.stderr
    assert contents(folder) == TEXTS


def test_someone_elses_file_of_the_same_name_is_left_alone(script, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "ptb.valid.txt").write_bytes(b"mine")
    done = run(script, folder, tmp_path, 'cp "{}" "$2"'.format(archive_of(tmp_path, TEXTS)))
    assert done.returncode == 1
    assert "ptb.valid.txt is there but is not" in done.stderr and "move it away" in done.stderr
    assert contents(folder) == {"ptb.valid.txt": b"mine"}


@pytest.mark.parametrize(
    "download, reason",
    [
        ("exit 6", "could not be downloaded"),
        ('printf half >"$2"; exit 18', "could not be downloaded"),
        ('printf half >"$2"', "is not a .tgz archive"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_what_to_look_for(script, tmp_path, download, reason):
    folder = tmp_path / "data"
    done = run(script, folder, tmp_path, download)
    assert done.returncode == 1
    assert contents(folder) == {}
    assert reason in done.stderr and "--data_path=builtin" in done.stderr
    for name, content in TEXTS.items():
        assert "{}  {} bytes  sha256 {}".format(name, len(content), hashlib.sha256(content).hexdigest()) in done.stderr


@pytest.mark.parametrize(
    "valid, reason",
    [
        (TEXTS["ptb.valid.txt"].replace(b"cat", b"cow"), "the ptb.valid.txt of"),
        (TEXTS["ptb.valid.txt"][:-1], "the ptb.valid.txt of"),
        (None, "has no ptb.valid.txt"),
    ],
)
def test_an_archive_of_another_text_leaves_nothing(script, tmp_path, valid, reason):
    texts = {name: content for name, content in dict(TEXTS, **{"ptb.valid.txt": valid}).items() if content}
    folder = tmp_path / "data"
    done = run(script, folder, tmp_path, 'cp "{}" "$2"'.format(archive_of(tmp_path, texts)))
    assert done.returncode == 1
    assert reason in done.stderr
    assert contents(folder) == {}


def test_an_interrupted_download_leaves_nothing(script, tmp_path):
    folder = tmp_path / "data"
    done = run(script, folder, tmp_path, 'printf half >"$2"; kill -TERM $PPID')
    assert done.returncode == 130
    assert contents(folder) == {}


def test_an_option_is_answered_with_the_usage(script, tmp_path):
    done = run(script, "--help", tmp_path, "exit 9")
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")


def test_the_shipped_sizes_and_checksums_are_those_of_the_real_files(tmp_path):
    folder = os.path.join(os.environ.get("SPARSE_RNN_DATA", ""), "ptb")
    if "SPARSE_RNN_DATA" not in os.environ or not os.path.isdir(folder):
        pytest.skip("SPARSE_RNN_DATA names no folder with the Penn Treebank (ptb/)")
    done = run(os.path.join(fetching.SCRIPTS, "get_ptb.sh"), folder, tmp_path, "exit 9")
    assert done.returncode == 0, done.stderr
    assert "complete and unchanged" in done.stdout
