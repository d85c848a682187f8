"""scripts/get_text8.sh and scripts/get_enwik8.sh: a checked file or none; no test touches the network."""

import shutil
import zipfile

import pytest

from tests import fetching
from tests.fetching import contents, run

TEXTS = {"text8": b" the cat saw the dog " * 9, "enwik8": b"<mediawiki>\n<page>Cats & dogs</page>\n"}
OTHERS = {"text8": b" the cat saw The dog " * 9, "enwik8": b"{mediawiki}\n<page>Cats & dogs</page>\n"}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture(params=sorted(TEXTS))
def name(request):
    return request.param


@pytest.fixture
def script(name, tmp_path):
    """The script with the size of our small text."""
    shipped = fetching.text_of("get_{}.sh".format(name))
    assert shipped.count(name + " 100000000 ") == 1
    text = shipped.replace(name + " 100000000 ", "{} {} ".format(name, len(TEXTS[name])))
    return fetching.changed("get_{}.sh".format(name), text, tmp_path)


def archive_of(tmp_path, name, content):
    path = tmp_path / (name + ".zip")
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr(name, content)
    return path


def test_the_file_of_the_archive_arrives(name, script, tmp_path):
    folder = tmp_path / "a deep one" / "data"
    done = run(script, folder, tmp_path, 'cp "{}" "$2"'.format(archive_of(tmp_path, name, TEXTS[name])))
    assert done.returncode == 0, done.stderr
    assert contents(folder) == {name: TEXTS[name]}
    assert "{} has {}; train with --data_path={}".format(folder, name, folder) in done.stdout


def test_a_file_that_is_there_is_checked_and_not_downloaded_again(name, script, tmp_path):
    (tmp_path / name).write_bytes(TEXTS[name])
    done = run(script, tmp_path, tmp_path, "exit 9")
    assert done.returncode == 0, done.stderr
    assert "already" in done.stdout


def test_someone_elses_file_of_the_same_name_is_left_alone(name, script, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / name).write_bytes(OTHERS[name])
    done = run(script, folder, tmp_path, "exit 9")
    assert done.returncode == 1
    assert "{} is there but is not {}'s ({} bytes, ".format(folder / name, name, len(TEXTS[name])) in done.stderr
    assert contents(folder) == {name: OTHERS[name]}


@pytest.mark.parametrize("which", ["other", "short", "named"])
def test_an_archive_of_another_text_leaves_nothing(name, script, tmp_path, which):
    content = {"other": OTHERS[name], "short": TEXTS[name][:-1], "named": TEXTS[name]}[which]
    archive = archive_of(tmp_path, name if which != "named" else "something", content)
    folder = tmp_path / "data"
    done = run(script, folder, tmp_path, 'cp "{}" "$2"'.format(archive))
    assert done.returncode == 1
    assert "not the one the papers use" in done.stderr or "is damaged or has no " + name in done.stderr
    assert "{}  {} bytes  ".format(name, len(TEXTS[name])) in done.stderr and "--data_path=builtin" in done.stderr
    assert contents(folder) == {}


@pytest.mark.parametrize("download", ["exit 6", 'printf half >"$2"'])
def test_a_failed_download_leaves_nothing(name, script, tmp_path, download):
    folder = tmp_path / "data"
    done = run(script, folder, tmp_path, download)
    assert done.returncode == 1 and contents(folder) == {}


def test_an_option_is_answered_with_the_usage(name, script, tmp_path):
    done = run(script, "--help", tmp_path, "exit 9")
    assert done.returncode == 2
    assert done.stderr == "usage: scripts/get_{}.sh [FOLDER]\n".format(name)
