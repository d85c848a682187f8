"""Small models that were once offered wrongly, or that ask a rule for its limit; each is proven or left alone."""

import numpy as np
import pytest

import sparse_rnn as sr
from sparse_rnn.compat import tf
from sparse_rnn.discovery import control, forward, sources, values, walk
from sparse_rnn.discovery.values import Value, tracked
from tests import discover_models as models
from tests.graphs import HAS_OWN_CELLS
from tests.test_discover import control_flow, reasons, slices  # noqa: F401 - control_flow is a fixture

UNITS = 4


def model_of(between, batch=None, outputs=3):
    """inputs ``[batch, 5]`` -> 4 hidden units -> ``between(hidden, weights)`` -> scores."""

    def model(weights):
        inputs = tf.placeholder(tf.float32, [batch, 5], "inputs")
        hidden = between(models.dense(weights, "hidden", inputs, UNITS), weights)
        output = tf.matmul(hidden, weights.get("scores/kernel", UNITS, outputs))
        return inputs, np.random.RandomState(3).uniform(-1, 1, [batch or 3, 5]), output

    return model


def discovered(model):
    with tf.Graph().as_default() as graph:
        weights = models.Weights(seed=1)
        model(weights)
        return sr.discover(graph), weights.arrays


def looped(step, start, shape):
    """Three rounds of ``step``, whose tensor may have any length where ``shape`` has None."""
    shapes = [tf.TensorShape([]), tf.TensorShape(shape)]
    return tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, step(x)), [tf.constant(0), start], shapes)[1]


def wider_from_round_to_round(hidden, weights):
    """Starts with one column and has four from the first round on."""
    start = tf.ones([tf.shape(hidden)[0], 1])
    wide = tf.ones([3, models.width(hidden)])
    return hidden * looped(lambda x: tf.reduce_sum(x, 1, keepdims=True) + wide, start, [None, None])


def summed_after_growing(hidden, weights):
    return hidden * tf.reduce_sum(looped(lambda x: tf.concat([x, x], 1), hidden, [None, None]), 1, keepdims=True)


def longer_in_time(hidden, weights):
    """The time axis grows, the units stay."""
    grown = looped(
        lambda x: tf.concat([x, tf.tanh(x[:, -1:])], 1), tf.expand_dims(hidden, 1), [None, None, models.width(hidden)]
    )
    return tf.reduce_sum(grown, 1)


def norm_as_a_factor(hidden, weights):
    """A sum of scalars that looks like a loss with a penalty, and is multiplied into the layer."""
    data = tf.reduce_sum(tf.cast(hidden[:1] > 2.0, tf.float32) * weights.get("vector", UNITS))
    return hidden * (data + tf.nn.l2_loss(weights.get("hidden/kernel", 5, UNITS)))


def divided_by_its_rows(hidden, weights):
    mixed = weights.get("mixed", UNITS, UNITS)
    return tf.matmul(hidden, mixed * tf.rsqrt(tf.reduce_sum(tf.square(mixed), 1, keepdims=True) + 0.0))


def read_also_through(quotient):
    """A vector reads the units, and is divided by as well."""

    def between(hidden, weights):
        vector = weights.get("vector", UNITS)
        read = tf.matmul(hidden, tf.expand_dims(vector, 1))
        return tf.matmul(quotient(hidden, vector), weights.get("mixed", UNITS, UNITS)) + read

    return between


def normalised_volumes(hidden, weights):
    """Channels are the last of five axes, as wide as the units that run along the fourth."""
    shape = [-1, 1, 1, models.width(hidden), 1]
    made = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(hidden, shape) * tf.ones([UNITS]), scale=weights.get("scale", UNITS), offset=tf.ones([UNITS]),
        mean=[], variance=[], data_format="NDHWC",
    )  # fmt: skip
    return tf.reduce_max(made.y, [1, 2, 4])


def counted_where_weights_are(hidden, weights):
    """A weight is a number of a row, and the row of number 0 is not zero."""
    rows = tf.cast(weights.get("vector", UNITS) * 0.5, tf.int32)
    return tf.reduce_sum(hidden * tf.gather_nd(tf.ones([2]), tf.expand_dims(rows, 1)), 1, keepdims=True) + hidden


def squeezed(hidden, weights):
    """With one unit left it would have a single axis, and nothing to transpose."""
    return tf.transpose(tf.transpose(tf.squeeze(tf.expand_dims(hidden, 1)), [1, 0]), [1, 0])


def sampled(hidden, weights):
    """The number of the largest, which is as good as certain."""
    return hidden * tf.cast(tf.multinomial(1000.0 * hidden, 1), tf.float32)


def rows_of_an_iterator(weights):
    rows = tf.data.make_one_shot_iterator(tf.data.Dataset.from_tensors(np.ones([4, 5], np.float32))).get_next()
    hidden = models.dense(weights, "hidden", rows, UNITS)
    output = tf.matmul(hidden + tf.transpose(hidden), weights.get("scores/kernel", UNITS, 3))
    return tf.placeholder_with_default(0.0, [], "unused"), 0.0, output


#: Whose hidden units must not be offered, and a part of the reason.
PINNED = {
    "batch tied to units": (model_of(lambda h, _: h + tf.transpose(h), batch=UNITS), "brings in data"),
    "constant random numbers": (
        model_of(lambda h, _: h * tf.random.stateless_uniform([models.width(h)], [1, 2])),
        "a number of its own",
    ),
    "division by rows that may be zero": (model_of(divided_by_its_rows), "divides by the weights that read them"),
    "divided by what reads": (model_of(read_also_through(tf.floordiv)), "divides by the weights that read them"),
    "negative power of what reads": (
        model_of(read_also_through(lambda h, v: h * tf.pow(v, -1.0))),
        "divides by the weights that read them",
    ),
    "random order": (model_of(lambda h, _: tf.transpose(tf.random_shuffle(tf.transpose(h)))), "changes the order"),
    "rows looked up by weights": (model_of(counted_where_weights_are), "sums activations"),
    "sampled by": (model_of(sampled), "Multinomial"),
    "squeezed where it can be": (
        model_of(squeezed, batch=3),
        "longer than 1",
    ),
    "summed after growing": (model_of(summed_after_growing), "`while"),
    "sum of noise": (model_of(lambda h, _: h * tf.reduce_sum(tf.random_uniform(tf.shape(h)))), "sums activations"),
    "wider from round to round": (model_of(wider_from_round_to_round), "may change a length"),
}


@pytest.mark.parametrize("name", sorted(PINNED))
def test_units_that_are_no_units_are_left_as_they_are(name, control_flow):  # noqa: F811
    model, reason = PINNED[name]
    structure, _ = discovered(model)
    assert [group.name for group in structure if "hidden" in group.name] == []
    assert reason in reasons(structure, "hidden/kernel")


def halves(cut):
    """Two pieces of a layer that are read differently but cut in the middle."""

    def between(hidden, weights):
        both = models.dense(weights, "both", hidden, 6)
        first, second = cut(both, models.width(both) // 2)
        return tf.matmul(first, weights.get("first", 3, UNITS)) + tf.matmul(
            tf.nn.relu(second), weights.get("second", 3, UNITS)
        )

    return model_of(between)


HALVES = {
    "split": halves(lambda both, half: tf.split(both, 2, 1)),
    "sizes": halves(lambda both, half: tf.split(both, [half, half], 1)),
    "ranges": halves(lambda both, half: (both[:, :half], both[:, half:])),
}


def normalised_channels(hidden, weights):
    image = tf.expand_dims(tf.expand_dims(hidden, 1), 1)
    scale, offset = weights.get("scale", UNITS), weights.get("offset", UNITS)
    return tf.squeeze(tf.nn.fused_batch_norm(image, scale, offset)[0], [1, 2])


#: Whose hidden units can be removed, and where the units of "both" are.
FOUND = {
    "halves of a split": HALVES["split"],
    "longer in time": model_of(longer_in_time),
    "norm as a factor": model_of(norm_as_a_factor),
    "normalised channel by channel": model_of(normalised_channels),
    "scaled along units by a matrix over its norm": model_of(
        lambda h, w: tf.matmul(h, tf.nn.l2_normalize(w.get("mixed", UNITS, UNITS), 1))
    ),
}


@pytest.mark.parametrize("name", sorted(FOUND))
def test_units_that_go_through_it_can_be_removed(name, control_flow):  # noqa: F811
    structure, arrays = discovered(FOUND[name])
    assert "hidden" in [group.name for group in structure]
    assert models.prove_removal(structure, arrays, FOUND[name], seed=3) > 0


@pytest.mark.parametrize("cut", sorted(HALVES))
def test_halves_stay_of_one_size(cut):
    structure, arrays = discovered(HALVES[cut])
    assert models.prove_removal(structure, arrays, HALVES[cut], seed=3) > 0
    (both,) = [group for group in structure if group.name == "both"]
    assert (both.size, slices(both, "gate")) == (3, [("both/kernel", 1, 0), ("both/kernel", 1, 3)])


@pytest.mark.parametrize("noise_shape", [None, "rows", "units"])
def test_noise_that_is_drawn_per_unit_is_no_obstacle(noise_shape, graph):
    shapes = {None: lambda h: None, "rows": lambda h: [tf.shape(h)[0], 1], "units": lambda h: [1, tf.shape(h)[1]]}
    model_of(
        lambda h, _: tf.nn.dropout(h, rate=0.5, noise_shape=shapes[noise_shape](h)) + tf.random_normal(tf.shape(h))
    )(models.Weights(seed=1))
    assert [group.name for group in sr.discover(graph)] == ["hidden"]


def test_rows_of_an_iterator_are_no_units():
    structure, _ = discovered(rows_of_an_iterator)
    assert list(structure) == []
    assert "brings in data" in reasons(structure, "hidden/kernel")


@pytest.mark.skipif(HAS_OWN_CELLS, reason="this TensorFlow does not normalise volumes")
def test_channels_are_where_the_layout_says():
    structure, _ = discovered(model_of(normalised_volumes))
    assert "lays out images as NDHWC" in reasons(structure, "hidden/kernel")


@pytest.mark.parametrize("begin", [-9, -4, 0])
def test_a_range_that_begins_before_the_first_index_begins_there(begin, graph):
    weights = models.Weights(seed=1)
    hidden = models.dense(weights, "hidden", tf.placeholder(tf.float32, [None, 5]), UNITS)
    tf.matmul(hidden[:, begin:2], weights.get("scores", 2, 3))
    (group,) = sr.discover(graph)
    assert (group.size, slices(group, "gate")) == (2, [("hidden/kernel", 1, 0)])


def test_last_layer_of_a_deep_tied_language_model_is_one_group_with_the_embedding(graph):
    words = tf.placeholder(tf.int32, [None, models.STEPS], "words")
    weights = models.Weights(seed=1)
    embedding = weights.get("embedding", 9, 6)
    first = models.lstm_layer(weights, "lstm_0", tf.nn.embedding_lookup(embedding, words), 5, "unrolled")
    last = models.lstm_layer(weights, "lstm_1", first, 6, "unrolled")
    tf.matmul(tf.reshape(last, [-1, 6]), embedding, transpose_b=True)
    tied, lower = sorted(sr.discover(graph), key=lambda group: -group.size)
    assert (tied.size, slices(tied, "consumer")) == (6, [("embedding", 1, 0), ("lstm_0/kernel", 0, 0)])
    assert [place[0] for place in slices(tied, "gate")] == ["lstm_1/kernel"] * 4
    assert slices(tied, "recurrent") == [("lstm_1/kernel", 0, 5)]
    assert (lower.size, slices(lower, "consumer")) == (5, [("lstm_1/kernel", 0, 0)])
    sr.groups.check(sr.discover(graph), sr.groups.shapes_of(weights.arrays))


def pieces_apart(step):
    value, pieces = step.tensor(1), step.attribute("num_split", "i")
    length = step.classes.length(value.dims[1]) // pieces
    return [Value([value.dims[0], piece]) for piece in step.classes.cut(value.dims[1], [length] * pieces)]


def drawn(step):
    return [step.fresh_value()]


def channels_apart(step):
    return [step.tensor(0)] + [step.fresh_value(number) for number in range(1, step.scope.outputs(step.node))]


def squeezed_away(step):
    return [Value([each for each in step.tensor(0).dims if step.classes.length(each) != 1])]


#: What is broken, how, and a model that is another function without its dead units then, or cannot be built.
MUTATIONS = {
    "a sum that is no loss": ((forward.Forward, "_stays_scalar", lambda *_: True), FOUND["norm as a factor"]),
    "channels that are normalised": (
        (walk.RULES, ("FusedBatchNorm", "FusedBatchNormV3"), channels_apart),
        FOUND["normalised channel by channel"],
    ),
    "constant random numbers": (
        (walk.RULES, ("StatelessRandomUniform", "StatelessRandomUniformV2"), drawn),
        PINNED["constant random numbers"][0],
    ),
    "division by weights that read": (
        (values.Step, "divided_by", lambda *_: None),
        PINNED["division by rows that may be zero"][0],
    ),
    "an axis that is there while it is long": ((walk.RULES, ("Squeeze",), squeezed_away), model_of(squeezed, batch=3)),
    "lengths that change": (
        (control, "_in_any_round", lambda step, value, before, during: tracked(value)),
        PINNED["wider from round to round"][0],
    ),
    "ranges of one length": ((walk.Analysis, "tie_equal_ranges", lambda _: None), HALVES["ranges"]),
    "pieces of an equal split": ((walk.RULES, ("Split",), pieces_apart), FOUND["halves of a split"]),
    "numbers that are sampled": ((walk.RULES, ("Multinomial",), drawn), PINNED["sampled by"][0]),
    "rows of an iterator": ((walk.RULES, ("IteratorGetNext",), drawn), rows_of_an_iterator),
    "rows of a placeholder": ((sources, "_fed", lambda step, value: value), PINNED["batch tied to units"][0]),
}


@pytest.mark.parametrize("broken", sorted(MUTATIONS))
def test_a_broken_rule_of_pins_is_noticed(broken, monkeypatch):
    (owner, name, replacement), model = MUTATIONS[broken]
    for each in name if isinstance(owner, dict) else ():
        monkeypatch.setitem(owner, each, replacement)
    if not isinstance(owner, dict):
        assert hasattr(owner, name)
        monkeypatch.setattr(owner, name, replacement)
    structure, arrays = discovered(model)
    with pytest.raises(Exception):  # noqa: B017 - outputs that differ, or shapes that do not fit
        for seed in range(2, 9):  # some breaks only show when other units are dead
            models.prove_removal(structure, arrays, model, seed)
