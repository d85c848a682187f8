"""The generic part of configs: declaring, loading, checking, overriding and documenting them."""

import json
import os
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training import config
from sparse_rnn.training.config import REQUIRED, option


@dataclass(frozen=True)
class Layer:
    size: int = option(REQUIRED, "units", minimum=1)
    activation: str = option("tanh", "activation", choices=("tanh", "relu"))


@dataclass(frozen=True)
class Train:
    epochs: int = option(13, "passes over the text", minimum=0)
    rate: float = option(1.0, "learning rate", above=0)
    keep: float = option(1.0, "dropout", above=0, maximum=1)
    limit: Optional[int] = option(None, "limit", minimum=2)
    shuffle: bool = option(False, "shuffle")

    def check(self, at):
        if self.limit is not None and self.limit > self.epochs:
            raise UserError("{} exceeds epochs.".format(at("limit")))


@dataclass(frozen=True)
class Root:
    name: str = option("run", "name")
    sizes: Tuple[int, ...] = option((3, 5), "sizes", minimum=1)
    factors: Dict[str, float] = option(dict, "factors", minimum=0)
    word_file: Optional[str] = option(None, "words", is_path=True)
    widths: Optional[Tuple[int, ...]] = option((2,), "widths", minimum=1)
    train: Train = option(Train, "training")
    layers: Tuple[Layer, ...] = option((), "layers")


@pytest.fixture
def write(tmp_path):
    def write_text(content, name="run.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write_text


def refused(call, *arguments):
    """The message of the UserError that the call raises: one line, one sentence."""
    with pytest.raises(UserError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message and message[-1] in ".?"
    return message


def test_an_empty_file_is_all_defaults(write):
    assert config.load(Root, write({})) == Root()


def test_values_in_a_file_replace_defaults(write):
    loaded = config.load(
        Root, write({"sizes": [7], "train": {"rate": 2, "limit": 4}, "layers": [{"size": 2}], "factors": {"a/b": 0.5}})
    )
    assert loaded == Root(sizes=(7,), factors={"a/b": 0.5}, train=Train(rate=2.0, limit=4), layers=(Layer(2, "tanh"),))


def test_null_is_kept_where_it_is_allowed(write):
    loaded = config.load(Root, write({"widths": None, "word_file": None}))
    assert loaded.widths is None and loaded.word_file is None


def test_an_integer_literal_becomes_a_float_where_a_float_is_meant(write):
    assert isinstance(config.load(Root, write({"train": {"rate": 2}})).train.rate, float)


def test_a_byte_order_mark_is_tolerated(tmp_path):
    path = tmp_path / "run.json"
    path.write_bytes(b'\xef\xbb\xbf{"name": "caf\xc3\xa9"}')
    assert config.load(Root, str(path)).name == "caf\xe9"


def test_to_dict_has_every_key_and_makes_the_same_config_again(write):
    loaded = config.load(Root, write({"layers": [{"size": 2}], "factors": {"a": 1}, "train": {"limit": 3}}))
    resolved = config.to_dict(loaded)
    assert resolved["train"] == {"epochs": 13, "rate": 1.0, "keep": 1.0, "limit": 3, "shuffle": False}
    assert config.load(Root, write(resolved, "again.json")) == loaded


def test_paths_are_relative_to_the_config_file_and_absolute_once_resolved(write, tmp_path):
    loaded = config.load(Root, write({"word_file": "words.txt"}))
    assert loaded.word_file == str(tmp_path / "words.txt")
    assert config.override(loaded, ["train.epochs=1"]).word_file == loaded.word_file
    assert config.override(loaded, ["word_file=other.txt"]).word_file == os.path.abspath("other.txt")


@pytest.mark.parametrize(
    "tree, key, hint",
    [
        ({"train": {"epoch": 3}}, "'train.epoch'", "did you mean 'train.epochs'?"),
        ({"rate": 3}, "'rate'", "did you mean 'train.rate'?"),
        ({"layers": [{"size": 2, "sizze": 1}]}, "'layers.0.sizze'", "did you mean 'layers.0.size'?"),
        ({"train": {"epochs": "many"}}, 'train.epochs is "many"', "an integer of at least 0"),
        ({"train": {"epochs": 2.0}}, "train.epochs is 2.0", "an integer"),
        ({"train": {"epochs": True}}, "train.epochs is true", "an integer"),
        ({"train": {"epochs": None}}, "train.epochs is null", "an integer"),
        ({"train": {"epochs": -1}}, "train.epochs is -1", "at least 0"),
        ({"train": {"rate": 0}}, "train.rate is 0", "above 0"),
        ({"train": {"rate": False}}, "train.rate is false", "a finite number"),
        ({"train": {"rate": float("nan")}}, "train.rate is NaN", "a finite number above 0"),
        ({"train": {"rate": float("inf")}}, "train.rate is Infinity", "a finite number above 0"),
        ({"train": {"rate": 10**400}}, "train.rate is 1000", "a finite number above 0"),
        ({"train": {"keep": 1.5}}, "train.keep is 1.5", "above 0 and at most 1"),
        ({"train": {"limit": 1}}, "train.limit is 1", "null or an integer of at least 2"),
        ({"train": {"limit": 99}}, "train.limit", "exceeds epochs"),
        ({"train": {"shuffle": "yes"}}, 'train.shuffle is "yes"', "true or false"),
        ({"train": 3}, "train is 3", "an object"),
        ({"sizes": 3}, "sizes is 3", "a list, each entry an integer of at least 1"),
        ({"sizes": [3, 0]}, "sizes.1 is 0", "at least 1"),
        ({"widths": 3}, "widths is 3", "null or a list, each entry an integer of at least 1"),
        ({"widths": [None]}, "widths.0 is null", "an integer of at least 1"),
        ({"factors": [1]}, "factors is [1]", "an object, each value a finite number of at least 0"),
        ({"factors": {"a": "b"}}, 'factors.a is "b"', "a finite number of at least 0"),
        ({"name": 3}, "name is 3", "a string"),
        ({"layers": [{}]}, "layers.0.size is missing", "an integer of at least 1"),
        ({"layers": [{"size": 1, "activation": "rellu"}]}, "layers.0.activation", "tanh, relu; did you mean 'relu'?"),
        ({"layers": [3]}, "layers.0 is 3", "an object"),
        ([1], "the config is [1]", "an object"),
    ],
)
def test_a_refusal_names_file_key_finding_and_what_is_allowed(write, tree, key, hint):
    path = write(tree)
    message = refused(config.load, Root, path)
    assert message.startswith(path + ": ")
    assert key in message and hint in message


def test_long_values_are_cut_in_messages(write):
    path = write({"train": {"epochs": "x" * 1000}})
    assert len(refused(config.load, Root, path)) < len(path) + 150


@pytest.mark.parametrize(
    "text, key",
    [
        ('{"train": {"epochs": 1, "rate": 1, "epochs": 2}}', "train.epochs"),
        ('{"train": {}, "train": {}}', "train"),
        ('{"sizes": [1], "sizes": [1]}', "sizes"),
        ('{"factors": {"a": 1, "a": 1}}', "factors.a"),
    ],
)
def test_a_key_given_twice_is_refused_by_its_full_name(write, text, key):
    assert ": {} is given twice".format(key) in refused(config.load, Root, write(text))


@pytest.mark.parametrize(
    "text, hint",
    [
        ('{"train": {\n  "epochs": 3,,\n}}', "line 2, column 15: this is not JSON"),
        ("", "line 1, column 1: this is not JSON"),
        ("[" * 100000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(write, text, hint):
    assert hint in refused(config.load, Root, write(text))


def test_bytes_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "run.json"
    path.write_bytes(b"\xff\xfe\x00")
    assert refused(config.load, Root, str(path)).startswith(str(path))


def test_a_missing_file_is_refused_with_the_nearest_file(write, tmp_path):
    path = write({}, "small.json")
    assert "did you mean '{}'?".format(path) in refused(config.load, Root, str(tmp_path / "smal.json"))
    assert "no such file" in refused(config.load, Root, str(tmp_path / "absent" / "small.json"))


def test_a_folder_is_refused(tmp_path):
    assert "folder" in refused(config.load, Root, str(tmp_path))


def test_overrides_replace_single_values_in_order(write):
    overrides = [
        "train.epochs=5",
        "layers.1.activation=relu",
        'name="7"',
        "sizes=[1, 2]",
        "train.limit=3",
        "factors.new=2",
        "train.epochs=6",
    ]
    assert config.load(Root, write({"layers": [{"size": 2}, {"size": 3}]}), overrides) == Root(
        name="7",
        sizes=(1, 2),
        factors={"new": 2.0},
        train=Train(epochs=6, limit=3),
        layers=(Layer(2), Layer(3, "relu")),
    )


def test_overrides_are_checked_together(write):
    assert config.load(Root, write({}), ["train.limit=20", "train.epochs=30"]).train.limit == 20


def test_an_overridden_string_may_hold_an_equals_sign(write):
    assert config.load(Root, write({}), ["name=a=b"]).name == "a=b"


@pytest.mark.parametrize(
    "text, hint",
    [
        ("train.epochs", "section.key=value"),
        ("=3", "section.key=value"),
        ("train..epochs=3", "section.key=value"),
        ("train.epoch=3", "did you mean 'train.epochs'?"),
        ("trian.epochs=3", "did you mean 'train'?"),
        ("train.epochs=many", 'train.epochs is "many"; it must be an integer of at least 0'),
        ("train.epochs=-1", "train.epochs is -1"),
        ("train.rate=NaN", "train.rate is NaN"),
        ("train.epochs.x=3", "no 'x' inside the value 13"),
        ("layers.1.size=3", "no entry '1'; the list has 1"),
        ("layers.-1.size=3", "no entry '-1'"),
        ("sizes.2=3", "no entry '2'; the list has 2"),
        ("sizes.first=3", "no entry 'first'"),
        ('train={"epochs": 1, "epochs": 2}', "train.epochs is given twice"),
    ],
)
def test_a_wrong_override_is_refused(write, text, hint):
    message = refused(config.load, Root, write({"layers": [{"size": 2}]}), [text])
    assert message.startswith("--set") and hint in message


def test_the_reference_has_a_row_for_every_option():
    lines = config.reference(Root).splitlines()
    assert lines[0] == "| key | allowed | default | meaning |"
    assert "| `train.epochs` | an integer of at least 0 | `13` | passes over the text |" in lines
    assert "| `layers.N.size` | an integer of at least 1 | required | units |" in lines
    assert "| `factors` | an object, each value a finite number of at least 0 | `{}` | factors |" in lines
    assert len(lines) == 2 + 5 + 5 + 1 + 2
