import numpy as np
import pytest

from sparse_rnn import groups, iss
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice, UnitGroup

SHAPES = {"kernel": (5, 8), "bias": (8,), "softmax_w": (2, 7)}


def layer(*slices, name="lstm", size=2):
    return UnitGroup(name, size, slices)


@pytest.mark.parametrize("axis, start", [(0, 0), (0, 1), (1, 2), (2, 3)])
def test_a_slice_gives_the_units_first(axis, start):
    array = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    taken = Slice("x", axis, start, "consumer").of(array, 2)
    for unit in range(2):
        np.testing.assert_array_equal(taken[unit], array.take(start + unit, axis=axis))


def test_an_unknown_role_is_refused_with_the_nearest():
    with pytest.raises(UserError, match="slice of 'kernel': there is no role 'gates'; did you mean 'gate'"):
        Slice("kernel", 1, 0, "gates")


def test_select_keeps_the_order_and_only_the_roles():
    group = layer(Slice("kernel", 1, 0, "gate"), Slice("kernel", 0, 3, "recurrent"), Slice("bias", 0, 0, "bias"))
    assert [part.role for part in group.select(["bias", "gate"])] == ["gate", "bias"]


def test_find_names_the_nearest_group():
    assert groups.find([layer()], "lstm", "here").name == "lstm"
    with pytest.raises(UserError, match="config: there is no group 'lstm_0'; did you mean 'lstm'"):
        groups.find([layer()], "lstm_0", "config")


def test_a_structure_that_fits_passes_and_absent_state_is_no_fault():
    groups.check(
        [
            layer(Slice("kernel", 1, 0, "gate"), Slice("kernel", 0, 3, "recurrent"), Slice("carried", 1, 0, "state")),
            layer(Slice("kernel", 1, 2, "gate"), Slice("softmax_w", 0, 0, "consumer"), name="other"),
        ],
        SHAPES,
    )


@pytest.mark.parametrize(
    "structure, message",
    [
        ([layer(Slice("kernal", 0, 0, "consumer"))], "group 'lstm': there is no variable 'kernal'.*'kernel'"),
        ([layer(Slice("bias", 1, 0, "bias"))], r"'bias' has shape \[8\], so there is no axis 1"),
        ([layer(Slice("bias", -1, 0, "bias"))], "there is no axis -1"),
        ([layer(Slice("kernel", 0, 4, "recurrent"))], r"5 indices along axis 0, so \[4, 6\) does not fit"),
        ([layer(Slice("kernel", 0, -1, "recurrent"))], r"so \[-1, 1\) does not fit"),
        ([layer(Slice("carried", 1, 0, "bias"))], "there is no variable 'carried'"),
        ([layer(), layer(Slice("bias", 0, 0, "bias"))], "'lstm' owns nothing"),
        ([layer(Slice("bias", 0, 0, "bias"), size=0)], "'lstm' owns nothing"),
        ([layer(Slice("bias", 0, 0, "bias")), layer(Slice("bias", 0, 2, "bias"))], "two groups are called 'lstm'"),
        (
            [layer(Slice("bias", 0, 0, "bias")), layer(Slice("bias", 0, 1, "bias"), name="gru")],
            "index 1 along axis 0 of 'bias' is claimed by group 'lstm' and again by group 'gru'",
        ),
        (
            [layer(Slice("kernel", 1, 1, "gate"), Slice("kernel", 1, 0, "gate"))],
            "index 1 along axis 1 of 'kernel' is claimed by group 'lstm' and again by group 'lstm'",
        ),
    ],
)
def test_a_structure_that_does_not_fit_is_one_sentence(structure, message):
    with pytest.raises(UserError, match=message) as error:
        groups.check(structure, SHAPES)
    assert "\n" not in str(error.value)


def test_shapes_and_variables_are_listed_by_name():
    structure = [
        layer(Slice("kernel", 1, 0, "gate"), Slice("bias", 0, 0, "bias"), Slice("kernel", 0, 3, "recurrent")),
        layer(Slice("softmax_w", 0, 0, "consumer"), name="other"),
    ]
    assert groups.variables_of(structure) == ["kernel", "bias", "softmax_w"]
    assert groups.variables_of(structure, groups.OUTGOING) == ["kernel", "softmax_w"]
    assert groups.shapes_of({"a": np.zeros([2, 3]), "b": 1.0}) == {"a": (2, 3), "b": ()}


def test_gates_of_a_layer_of_another_size_are_refused():
    narrow = iss.lstm_units("lstm_0", "kernel", None, input_size=30, units=19, consumers=[iss.Consumer("softmax_w")])
    with pytest.raises(UserError, match="4 gates of 19 units are 76 indices .* does the layer have 20 units?"):
        groups.check([narrow], {"kernel": (50, 80), "softmax_w": (20, 100)})
