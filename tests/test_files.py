import json
import os
import resource

import pytest

from sparse_rnn import files
from sparse_rnn.errors import UserError


@pytest.fixture
def small_disk():
    """No file may grow past 1000 bytes, which is what a full disk is to a program."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_text_comes_back_as_it_was_written(tmp_path):
    path = str(tmp_path / "text")
    for text in ("", "one\r\ntwo\n\u00e9\u2028", "shorter"):
        files.write_text(path, text)
        with open(path, encoding="utf-8", newline="") as file:
            assert file.read() == text
    assert os.listdir(str(tmp_path)) == ["text"]
    assert os.stat(path).st_mode & 0o777 == 0o644


def test_json_comes_back_as_it_was_written(tmp_path):
    path = str(tmp_path / "value.json")
    value = {"b": [1, 2.5, None, "\u00e9"], "a": {"c": True}}
    files.write_json(path, value)
    assert files.read_json(path) == value
    pairs = files.read_json(path, object_pairs_hook=lambda pairs: [name for name, _ in pairs])
    assert pairs == ["b", "a"]


def test_a_full_disk_leaves_the_old_file_and_nothing_half_done(tmp_path, small_disk):
    path = str(tmp_path / "text")
    files.write_text(path, "old")
    with pytest.raises(UserError, match=r"text: cannot be written: File too large\.$"):
        files.write_text(path, "new" * 1000)
    assert files.read_text(path) == "old"
    assert os.listdir(str(tmp_path)) == ["text"]


@pytest.mark.parametrize("write", [lambda path: files.write_text(path, "x"), lambda path: files.write_json(path, {})])
def test_a_folder_that_is_no_folder_is_one_sentence(tmp_path, write):
    (tmp_path / "file").write_text("kept")
    for path, reason in ((tmp_path / "file" / "inside", "Not a directory"), (tmp_path / "none" / "x", "No such file")):
        with pytest.raises(UserError, match=reason) as caught:
            write(str(path))
        assert str(caught.value).startswith(str(path) + ": cannot be written")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_folder_in_the_place_of_the_file_stays(tmp_path):
    (tmp_path / "text").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        files.write_text(str(tmp_path / "text"), "x")
    assert os.listdir(str(tmp_path)) == ["text"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_text(tmp_path, encoding):
    (tmp_path / "text").write_text("caf\u00e9", encoding=encoding)
    assert files.read_text(str(tmp_path / "text")) == "caf\u00e9"


@pytest.mark.parametrize(
    "content, reason",
    [
        (None, "cannot be read: No such file or directory."),
        (b"ab\xff", "byte 2 is not UTF-8; convert the file to UTF-8."),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, content, reason):
    path = tmp_path / "text"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        files.read_text(str(path))
    assert str(caught.value) == "{}: {}".format(path, reason)


def test_a_folder_cannot_be_read_as_text(tmp_path):
    with pytest.raises(UserError, match="Is a directory"):
        files.read_text(str(tmp_path))


@pytest.mark.parametrize(
    "text, place",
    [
        ("", "line 1, column 1"),
        ('{"a": 1,\n "b" 2}', "line 2, column 6"),
        (json.dumps({"a": [1, 2]})[:-2], "line 1, column 12"),
    ],
)
def test_what_is_no_json_says_where(tmp_path, text, place):
    (tmp_path / "value.json").write_text(text)
    with pytest.raises(UserError, match="value.json, {}: this is not JSON".format(place)):
        files.read_json(str(tmp_path / "value.json"))


def test_json_without_a_bottom_is_refused(tmp_path):
    (tmp_path / "value.json").write_text("[" * 100000)
    with pytest.raises(UserError, match="nested too deeply"):
        files.read_json(str(tmp_path / "value.json"))


def test_a_folder_that_cannot_be_listed_or_made_is_one_sentence(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).write_text("")
    assert files.names_in(str(tmp_path)) == ["a", "b"]
    with pytest.raises(UserError, match="folder '.*/a' cannot be read: Not a directory.$"):
        files.names_in(str(tmp_path / "a"))
    files.make_folder(str(tmp_path / "new" / "inner"))
    files.make_folder(str(tmp_path / "new" / "inner"))
    assert files.names_in(str(tmp_path / "new")) == ["inner"]
    with pytest.raises(UserError, match="folder '.*/a' cannot be made: File exists.$"):
        files.make_folder(str(tmp_path / "a"))
