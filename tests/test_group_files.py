import json
import os

import pytest

from sparse_rnn import group_files, groups, iss
from sparse_rnn.errors import UserError
from tests import original_files

SHAPES = {"cell/kernel": (5, 8), "cell/bias": (8,), "embedding": (11, 3), "softmax_w": (2, 11)}


def structure():
    return [
        iss.input_units("embedding", "embedding", 3, [iss.Consumer("cell/kernel", multiplier=0.5)]),
        iss.lstm_units("lstm", "cell/kernel", "cell/bias", 3, 2, [iss.Consumer("softmax_w")], states=["carried/h"]),
    ]


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "groups.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def places(group, role):
    return [(part.variable, part.axis, part.start) for part in group.select([role])]


def test_what_is_saved_loads_as_it_was_and_says_that_it_is_complete(tmp_path):
    path = tmp_path / "structure.json"
    group_files.save(structure(), path)
    assert group_files.load(path, SHAPES) == structure()
    assert group_files.is_complete(path)


def test_saving_is_deterministic_replaces_what_was_there_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "structure.json"
    path.write_text("old")
    group_files.save(structure(), str(path))
    first = path.read_bytes()
    group_files.save(structure(), path)
    assert path.read_bytes() == first
    assert os.listdir(str(tmp_path)) == ["structure.json"]


def test_our_own_file_loads_onto_variables_of_the_other_era(tmp_path):
    path = tmp_path / "structure.json"
    group_files.save(structure(), path)
    old = {"cell/weights": (5, 8), "cell/biases": (8,), "embedding": (11, 3), "softmax_w": (2, 11)}
    assert "cell/weights" in groups.variables_of(group_files.load(path, old))


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="cannot be written: No such file or directory"):
        group_files.save(structure(), tmp_path / "nowhere" / "structure.json")


def test_the_highway_file_of_the_original_has_the_sizes_it_printed(write):
    content = original_files.rhn_file(830)
    shapes = original_files.rhn_shapes(830)
    assert len(content["groups"][0]) == 43
    assert sum(shapes[entry["var_name"]][entry["axis"]] for entry in content["groups"][0]) == 46520
    path = write(content)
    (group,) = group_files.load(path, shapes)
    assert (group.name, group.size) == ("group_0", 830)
    # Nothing in the file says whether the embedding is read as well as looked up, so it counts as read.
    assert places(group, "consumer") == [("model/embedding", 1, 0)]
    assert len(group.select(["recurrent"])) == 22
    assert len(group.select(["gate"])) == 20
    assert places(group, "bias")[:2] == [("model/RHN0/h_0/Linear/Bias", 0, 0), ("model/RHN0/t_0/Linear/Bias", 0, 0)]
    assert len(group.select(["bias"])) == 20
    assert not group_files.is_complete(path)


@pytest.mark.parametrize("kernel, bias", [("kernel", "bias"), ("weights", "biases")])
def test_the_bidaf_file_of_the_original_loads_in_both_spellings_with_all_its_groups(write, kernel, bias):
    d = 100
    loaded = group_files.load(
        write(original_files.bidaf_file(d)), original_files.bidaf_shapes(d, kernel=kernel, bias=bias)
    )
    assert [len(group.select(groups.PENALISED)) for group in loaded] == [7, 7, 10, 10, 6, 6]
    assert [group.size for group in loaded] == [d] * 6
    second_backward = loaded[3]
    cell = "main/g1/bw/basic_lstm_cell/"
    assert places(second_backward, "recurrent") == [(cell + kernel, 0, 2 * d)]
    assert places(second_backward, "gate") == [(cell + kernel, 1, block * d) for block in range(4)]
    assert places(second_backward, "bias") == [(cell + bias, 0, block * d) for block in range(4)]
    assert places(second_backward, "consumer") == [("main/logits1/first/" + kernel, 0, d)] + [
        ("main/g2/{}/basic_lstm_cell/{}".format(direction, kernel), 0, block * d)
        for block in (9, 13)
        for direction in ("fw", "bw")
    ]


def test_the_original_files_have_the_group_sizes_it_printed():
    shapes = original_files.bidaf_shapes(100, kernel="weights", bias="biases")
    sizes = [
        sum(shapes[entry["var_name"]][entry["axis"]] for entry in group)
        for group in original_files.bidaf_file(100)["groups"]
    ]
    assert sizes == [4800, 4800, 3201, 3201, 6401, 6401]


def test_a_file_without_gates_has_consumers_only_and_no_biases(write):
    content = original_files.bidaf_file(10)
    content["groups"] = [[entry for entry in group if entry["axis"] == 1] for group in content["groups"]]
    loaded = group_files.load(write(content), original_files.bidaf_shapes(10))
    assert [len(group.slices) for group in loaded] == [3, 3, 6, 6, 2, 2]
    assert {part.role for group in loaded for part in group.slices} == {"consumer"}


def test_the_axis_is_the_one_summed_over_and_multi_is_kept(write):
    entries = [original_files.entry("softmax_w", 1, 0, 2, multi=2), original_files.entry("embedding", 0, 1, 3)]
    (group,) = group_files.load(write({"groups": [entries]}), SHAPES)
    assert [(part.axis, part.start, part.multiplier) for part in group.slices] == [(0, 0, 2.0), (1, 1, 1.0)]


@pytest.mark.parametrize("length, expected", [(8, [("cell/bias", 0, 2)]), (7, [])])
def test_a_bias_goes_with_gate_columns_only_where_it_fits(write, length, expected):
    entries = [original_files.rows("cell/weights", 3, 5), original_files.columns("cell/weights", 2, 4)]
    (group,) = group_files.load(write({"groups": [entries]}), dict(SHAPES, **{"cell/bias": (length,)}))
    assert places(group, "bias") == expected


def theirs(**changes):
    entry = dict(original_files.rows("cell/kernel", 0, 2), **changes)
    return {"groups": [[{key: value for key, value in entry.items() if value is not None}]]}


def ours(slice_changes=(), **changes):
    part = {
        "variable": "softmax_w",
        "axis": 0,
        "start": 0,
        "role": "consumer",
        "multiplier": 1.0,
        **dict(slice_changes),
    }
    group = {"name": "lstm", "size": 2, "slices": [part], **changes}
    return {"format": "sparse_rnn structure", "version": 1, "groups": [group]}


FIRST = r"groups.json: groups\[0\]\[0\]"
SLICE = r"groups.json: groups\[0\].slices\[0\]"


@pytest.mark.parametrize(
    "content, message",
    [
        ("{not json", "groups.json, line 1, column 2: this is not JSON"),
        ("", "groups.json, line 1, column 1: this is not JSON"),
        ("[" * 100000, "groups.json: this JSON is nested too deeply"),
        ([1, 2], r"groups.json must be an object, not \[1, 2\]"),
        ({"comments": []}, "groups.json: the key 'groups' is missing"),
        ({"group": []}, "groups.json: there is no key 'group'; did you mean 'groups'"),
        ({"groups": {}}, "groups.json: groups must be a list, not {}"),
        ({"groups": []}, "groups.json: there is no group in it"),
        ({"groups": [[]]}, "groups.json: group 'group_0' owns nothing"),
        ({"groups": ["x"]}, r'groups.json: groups\[0\] must be a list, not "x"'),
        ({"groups": [["x"]]}, FIRST + ' must be an object, not "x"'),
        (theirs(end=None), FIRST + ": the key 'end' is missing"),
        (theirs(axes=1), FIRST + ": there is no key 'axes'; did you mean 'axis'"),
        (theirs(start="0"), FIRST + ': start must be a whole number, not "0"'),
        (theirs(start=0.5), FIRST + ": start must be a whole number, not 0.5"),
        (theirs(axis=True), FIRST + ": axis must be a whole number, not true"),
        (theirs(axis=2), FIRST + ": axis is 2; only 0 and 1 are possible"),
        (theirs(multi=-1.0), FIRST + ": multi is -1.0; it must be a finite number, 0 or more"),
        (theirs(multi=float("nan")), FIRST + ": multi is nan"),
        (theirs(multi=float("inf")), FIRST + ": multi is inf"),
        (theirs(multi=10**400), FIRST + ": multi is 1000"),
        (theirs(end=0), FIRST + ": end 0 must be more than start 0"),
        (theirs(start=4, end=6), FIRST + r".*'cell/kernel' has 5 indices along axis 0, so \[4, 6\) does not fit"),
        (theirs(start=-1, end=1), FIRST + r".*\[-1, 1\) does not fit"),
        (theirs(var_name="cell/kernal"), FIRST + ": there is no variable 'cell/kernal'; did you mean 'cell/kernel'"),
        (theirs(var_name="cell/bias"), FIRST + r": 'cell/bias' has shape \[8\], but entries .* speak of matrices"),
        (
            {"groups": [[original_files.rows("embedding", 0, 3), original_files.rows("softmax_w", 0, 2)]]},
            r"groups\[0\]\[1\]: has 2 units, but the entries before it have 3",
        ),
        (
            {"groups": [[original_files.rows("embedding", 0, 3)], [original_files.rows("embedding", 2, 4)]]},
            "groups.json: index 2 along axis 0 of 'embedding' is claimed by group 'group_0' and again by .* 'group_1'",
        ),
        (dict(ours(), format="other"), "groups.json: format 'other' version 1 is not known here"),
        (dict(ours(), version=2), "groups.json: format 'sparse_rnn structure' version 2 is not known here"),
        (dict(ours(), comments=[]), "groups.json: there is no key 'comments'"),
        (dict(ours(), groups=[]), "groups.json: there is no group in it"),
        (ours(name=3), r"groups.json: groups\[0\]: name must be a string, not 3"),
        (ours(size=3), SLICE + r".*'softmax_w' has 2 indices along axis 0, so \[0, 3\) does not fit"),
        (ours(slices=[]), "groups.json: group 'lstm' owns nothing"),
        (ours({"axis": 5}), SLICE + ".*there is no axis 5"),
        (ours({"role": "reader"}), SLICE + ": there is no role 'reader'"),
        (ours({"multiplier": "1"}), SLICE + ': multiplier must be a number, not "1"'),
        (ours({"variable": "softmax"}), SLICE + ": there is no variable 'softmax'; did you mean 'softmax_w'"),
        (dict(ours(), groups=ours()["groups"] * 2), "groups.json: two groups are called 'lstm'"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_with_its_name_and_place(write, content, message):
    path = write(content)
    with pytest.raises(UserError, match=message) as error:
        group_files.load(path, SHAPES)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_not_text_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="none.json: cannot be read: No such file or directory"):
        group_files.load(tmp_path / "none.json", SHAPES)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UserError, match="binary.json: byte 0 is not UTF-8"):
        group_files.is_complete(tmp_path / "binary.json")
