"""What becomes of the number of units as a value: as a shape it moves with the units, else they all have to stay."""

import numpy as np
import pytest

import sparse_rnn as sr
from sparse_rnn.compat import tf
from sparse_rnn.discovery import counting, walk
from tests import discover_models as models
from tests.test_discover import reasons

UNITS = 4


def one_layer(use, lost=True):
    """A model whose hidden units go through ``use(hidden, number of units)`` before a matrix reads them.

    With ``lost`` the number of units is not known while building, as after reading a queue or a condition.
    """

    def model(weights):
        inputs = tf.placeholder(tf.float32, [None, 5], "inputs")
        hidden = models.dense(weights, "hidden", inputs, UNITS)
        if lost:
            hidden = tf.placeholder_with_default(hidden, [None, None])
        output = tf.matmul(use(hidden, tf.shape(hidden)[1]), weights.get("scores/kernel", UNITS, 3))
        return inputs, np.random.RandomState(3).uniform(-1, 1, [3, 5]), output

    return model


def discovered(model):
    with tf.Graph().as_default() as graph:
        weights = models.Weights(seed=1)
        model(weights)
        return sr.discover(graph), weights.arrays


def a_float(number):
    return tf.cast(number, tf.float32)


def counted_by_a_loop(hidden, units):
    return hidden * tf.while_loop(lambda i, _: i < units, lambda i, total: (i + 1, total + 1.0), [0, 0.0])[1]


def carried_by_a_loop(hidden, units):
    return hidden * a_float(tf.while_loop(lambda i, _: i < 2, lambda i, _: (i + 1, units), [0, 0])[1])


def carried_into_a_loop(hidden, units):
    return hidden * a_float(tf.while_loop(lambda i, _: i < 2, lambda i, n: (i + 1, n + 1), [0, units])[1])


def held_in_an_array(hidden, units):
    return hidden * a_float(tf.TensorArray(tf.int32, 1).write(0, units).read(0))


def reshaped_to_other_rows(hidden, units):
    return tf.transpose(tf.reshape(hidden, [units, tf.shape(hidden)[0]]))


#: Uses of a number of units that change what is computed.
VALUES = {
    "argument of the maximum": lambda h, n: h * a_float(tf.argmax(tf.one_hot(n - 1, 8), output_type=tf.int32)),
    "array": held_in_an_array,
    "array size": lambda h, n: h * a_float(tf.TensorArray(tf.float32, n).size()),
    "carried by a loop": carried_by_a_loop,
    "carried into a loop": carried_into_a_loop,
    "cast": lambda h, n: h * a_float(n),
    "condition": lambda h, n: tf.cond(n > 3, lambda: h, lambda: h * 2.0),
    "element count": lambda h, n: h * a_float(tf.size(h)),
    "half": lambda h, n: tf.concat([h[:, : n // 2] * 2.0, h[:, n // 2 :]], 1),
    "index": lambda h, n: h * tf.gather(tf.constant([1.0, 2.0, 3.0, 4.0, 5.0]), n),
    "loop count": counted_by_a_loop,
    "mask": lambda h, n: h * tf.reduce_sum(tf.sequence_mask([2, 5], n, dtype=tf.float32)),
    "one-hot": lambda h, n: h * tf.reduce_sum(tf.one_hot([3], n)),
    "parameter": lambda h, n: h * tf.where(n > 3, 1.0, 2.0),
    "result of a branch": lambda h, n: h * a_float(tf.cond(h[0, 0] > 0, lambda: n, lambda: 2)),
    "row count": reshaped_to_other_rows,
    "shapes": lambda h, n: h * a_float(tf.shape_n([h, h])[0][1]),
    "slice": lambda h, n: h * tf.reduce_sum(tf.constant([1.0, 2.0, 3.0, 4.0, 5.0])[:n]),
    "string": lambda h, n: h * tf.string_to_number(tf.as_string(n)),
    "sum over broadcast": lambda h, n: h * tf.reduce_sum(tf.broadcast_to(1.0, [n])),
    "sum over fill": lambda h, n: h * tf.reduce_sum(tf.fill([n], 1.0)),
    "sum over ones": lambda h, n: h * tf.reduce_sum(tf.ones_like(h), 1, keepdims=True),
    "sum over tile": lambda h, n: h * tf.reduce_sum(tf.tile([1.0, 2.0], [n])),
}


@pytest.mark.parametrize("use", sorted(VALUES))
def test_units_whose_number_is_computed_with_are_left_as_they_are(use):
    structure, _ = discovered(one_layer(VALUES[use]))
    assert list(structure) == []
    assert reasons(structure, "hidden/kernel") != "no weight writes them"


#: Uses as a shape. They follow the units.
SHAPES = {
    "broadcast": lambda h, n: h * tf.broadcast_to(tf.reduce_max(h * 0.0 + 2.0, 0, keepdims=True), [tf.shape(h)[0], n]),
    "fill": lambda h, n: tf.maximum(h, tf.fill(tf.concat([tf.shape(h)[:1], [n]], 0), 0.1)),
    "axis and back": lambda h, n: tf.reshape(tf.reshape(h, [-1, 1, n]), [tf.shape(h)[0], n]),
    "function": lambda h, n: h + tf.function(lambda x: tf.ones([tf.shape(x)[0], tf.shape(x)[1]]))(h),
    "other order": lambda h, n: h + tf.transpose(tf.ones(tf.stack(tf.unstack(tf.shape(h), 2)[::-1]))),
    "tile": lambda h, n: h * tf.tile(tf.ones([1, 1]) * 2.0, [tf.shape(h)[0], n]),
    "zeros": lambda h, n: h + tf.zeros([tf.shape(h)[0], n]),
    "zeros like": lambda h, n: h + tf.zeros_like(h),
}


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("use", sorted(SHAPES))
def test_a_shape_follows_the_units_that_it_counts(use, lost):
    model = one_layer(SHAPES[use], lost)
    structure, arrays = discovered(model)
    assert [group.name for group in structure] == ["hidden"]
    assert models.prove_removal(structure, arrays, model, seed=3) > 0


def side_by_side(hidden, units):
    """Two copies in a row, told by the product of their number and the units, and apart again."""
    row = tf.reshape(tf.stack([hidden, 2.0 * hidden], 1), [-1, 2 * units])
    row.set_shape([None, 2 * models.width(hidden)])
    return tf.reduce_max(tf.reshape(row, [-1, 2, units]), 1)


def test_copies_in_a_row_follow_the_units_that_their_length_counts():
    model = one_layer(side_by_side, lost=False)
    structure, arrays = discovered(model)
    assert [group.name for group in structure] == ["hidden"]
    assert models.prove_removal(structure, arrays, model, seed=3) > 0


def test_a_layer_that_is_given_the_shape_of_another_goes_with_it():
    structure, arrays = discovered(two_layers)
    assert [group.name for group in structure] == ["layers"]
    assert models.prove_removal(structure, arrays, two_layers, seed=3) > 0


def two_layers(weights):
    inputs = tf.placeholder(tf.float32, [None, 5], "inputs")
    first, second = (models.dense(weights, "layers/" + name, inputs, UNITS) for name in "hg")
    second = tf.reshape(second, [-1, tf.shape(first)[1]])
    output = tf.matmul(tf.concat([first, second], 1), weights.get("scores/kernel", 2 * UNITS, 3))
    return inputs, np.random.RandomState(3).uniform(-1, 1, [3, 5]), output


def forgotten(step, value):
    return None


def length_alone(step, count, length):
    return step.fresh(length)


#: What is broken, how, and a use that then changes the model.
MUTATIONS = {
    "what is computed with a count": ((counting, "_accepted", lambda step: range(len(step.inputs))), "index"),
    "a count that goes round": ((counting, "pin_counted", forgotten), "carried by a loop"),
    "what a count makes": ((counting, "made_dimension", length_alone), "sum over fill"),
    "counts of several tensors": ((walk.RULES, "ShapeN", lambda step: [step.fresh_value(0)] * 2), "shapes"),
}


@pytest.mark.parametrize("broken", sorted(MUTATIONS))
def test_a_broken_rule_of_sizes_is_noticed(broken, monkeypatch):
    (owner, name, replacement), use = MUTATIONS[broken]
    (monkeypatch.setitem if isinstance(owner, dict) else monkeypatch.setattr)(owner, name, replacement)
    model = one_layer(VALUES[use])
    structure, arrays = discovered(model)
    assert [group.name for group in structure] == ["hidden"]
    with pytest.raises(Exception):  # noqa: B017 - outputs that differ, or shapes that do not fit
        models.prove_removal(structure, arrays, model, seed=3)


def test_a_tensor_that_is_given_a_counted_shape_has_to_agree(monkeypatch):
    monkeypatch.setattr(counting, "agree", lambda step, dimension, count: None)
    structure, arrays = discovered(two_layers)
    with pytest.raises(Exception):  # noqa: B017 - shapes that do not fit
        models.prove_removal(structure, arrays, two_layers, seed=3)


def twice_as_wide(weights):
    """A second layer is told to be twice as wide as the first, which it is by chance."""
    inputs = tf.placeholder(tf.float32, [None, 5], "inputs")
    first, second = (models.dense(weights, name, inputs, units) for name, units in (("h", UNITS), ("g", 2 * UNITS)))
    second = tf.reshape(second, [-1, 2 * tf.shape(first)[1]])
    second.set_shape([None, 2 * models.width(first)])
    output = tf.matmul(tf.concat([first, second], 1), weights.get("scores/kernel", 3 * UNITS, 3))
    return inputs, np.random.RandomState(3).uniform(-1, 1, [3, 5]), output


def test_units_of_two_layers_whose_numbers_are_told_by_each_other_stay(monkeypatch):
    structure, _ = discovered(twice_as_wide)
    assert list(structure) == []
    assert "a length that is computed" in reasons(structure, "g/kernel")
    monkeypatch.setattr(counting, "_number_of_copies", lambda *_: counting.Count(2))
    structure, arrays = discovered(twice_as_wide)
    with pytest.raises(Exception):  # noqa: B017 - shapes that do not fit
        models.prove_removal(structure, arrays, twice_as_wide, seed=3)


def test_a_kept_number_of_units_keeps_the_units(graph):
    numbers = []
    one_layer(lambda hidden, number: numbers.append(number) or hidden)(models.Weights(seed=1))
    assert [group.name for group in sr.discover(graph)] == ["hidden"]
    assert list(sr.discover(graph, keep=numbers)) == []
