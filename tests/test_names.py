import pytest

from sparse_rnn import names
from sparse_rnn.errors import UserError


def test_nearest_finds_the_misspelled_name_and_nothing_among_nothing():
    assert names.nearest("Model/softmax", ["Model/embedding", "Model/softmax_w"]) == "Model/softmax_w"
    assert names.nearest("Model/softmax", []) is None


@pytest.mark.parametrize(
    "name, other",
    [("a/b/weights", "a/b/kernel"), ("a/biases", "a/bias"), ("kernel", "weights"), ("a/bias", "a/biases")],
)
def test_both_eras_spell_the_same_variable(name, other):
    assert names.other_spelling(name) == other
    assert names.resolve(name, [other], "here") == other


def test_a_variable_that_only_contains_an_old_word_is_not_respelled():
    assert names.other_spelling("weights/Adam") is None
    assert names.other_spelling("my_weights") is None


def test_the_exact_name_wins_over_the_other_spelling():
    assert names.resolve("a/weights", ["a/kernel", "a/weights"], "here") == "a/weights"


def test_an_unknown_name_is_one_sentence_with_the_nearest_right_one():
    with pytest.raises(UserError, match=r"^groups.json: there is no variable 'a/kernal'; did you mean 'a/kernel'\?$"):
        names.resolve("a/kernal", iter(["a/kernel", "a/bias"]), "groups.json")
    with pytest.raises(UserError, match="there is none at all"):
        names.resolve("a/kernel", [], "groups.json")


SHAPES = {"x/kernel": (3, 8), "kernel": (3, 8), "x/bias": (8,)}


@pytest.mark.parametrize(
    "name, owner",
    [
        ("x/kernel/Adam_1", "x/kernel"),
        ("x/kernel/ExponentialMovingAverage", "x/kernel"),
        ("Train/x/kernel/Momentum", "x/kernel"),
        ("y/kernel/Adam", "kernel"),
        ("x/kernel", None),
        ("kernel", None),
        ("x/kernels/Adam", None),
        ("global_step", None),
    ],
)
def test_a_slot_belongs_to_the_longest_variable_name_in_it(name, owner):
    assert names.owner(name, dict(SHAPES, **{name: (3, 8)})) == owner


def test_an_array_of_another_shape_is_no_slot():
    assert names.owner("x/kernel/scale", dict(SHAPES, **{"x/kernel/scale": (3,)})) is None
