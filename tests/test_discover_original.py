"""The group files of the original, written by hand for one size each, are found in models of those shapes."""

import pytest

import sparse_rnn
from sparse_rnn.compat import tf
from tests import discover_models as models
from tests.original_files import bidaf_file, bidaf_shapes, rhn_file, rhn_shapes


def places(entries):
    """The (variable, axis, start) of a file's entries, whose ``axis`` is the one that is summed over."""
    return {(part["var_name"].replace("weights", "kernel"), 1 - part["axis"], part["start"]) for part in entries}


def found(structure):
    return [{(part.variable, part.axis, part.start) for part in group.slices} for group in structure]


def rhn(width, depth, steps=2, vocabulary=17):
    """The tied recurrent highway network of the original, with its noise placeholders."""
    variables = {name: tf.get_variable(name, shape) for name, shape in rhn_shapes(width, depth, vocabulary).items()}
    words = tf.placeholder(tf.int32, [3, steps], "words")
    noise = {name: tf.placeholder(tf.float32, [3, width, 1], name) for name in ("noise_i", "noise_h")}
    noise_x = tf.placeholder(tf.float32, [3, steps, 1], "noise_x")
    noise_o = tf.placeholder(tf.float32, [3, 1, width], "noise_o")
    inputs = tf.nn.embedding_lookup(variables["model/embedding"], words) * noise_x
    state = tf.placeholder_with_default(tf.zeros([3, width]), [3, width], "state")
    outputs = []
    for t in range(steps):
        for i in range(depth):
            read = state * noise["noise_h"][:, :, 0]
            if i == 0:
                read = tf.concat([inputs[:, t, :] * noise["noise_i"][:, :, 0], read], 1)
            h, gate = (
                tf.matmul(read, variables["model/RHN0/{}_{}/Linear/Matrix".format(kind, i)])
                + variables["model/RHN0/{}_{}/Linear/Bias".format(kind, i)]
                for kind in "ht"
            )
            state = (tf.tanh(h) - state) * tf.sigmoid(gate) + state
        outputs.append(state)
    output = tf.reshape(tf.transpose(tf.stack(outputs), [1, 0, 2]) * noise_o, [-1, width])
    logits = tf.matmul(output, variables["model/embedding"], transpose_b=True) + variables["model/softmax_b"]
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.reshape(words, [-1]), logits=logits)
    return tf.reduce_sum(loss)


def test_recurrent_highway_network_of_depth_ten_has_the_43_entries_of_its_file_and_20_biases(graph):
    loss = rhn(width=6, depth=10)
    structure = sparse_rnn.discover(graph)
    tf.train.GradientDescentOptimizer(0.1).minimize(loss + 1e-3 * tf.nn.l2_loss(tf.trainable_variables()[0]))
    (group,) = structure
    biases = {(part.variable, part.axis, part.start) for part in group.select(["bias"])}
    assert biases == {("model/RHN0/{}_{}/Linear/Bias".format(kind, i), 0, 0) for kind in "ht" for i in range(10)}
    (entries,) = rhn_file(6)["groups"]
    assert found(structure)[0] - biases == places(entries)
    assert len(group.slices) == 43 + 20
    assert (group.name, structure.carried[group.name]) == ("model/RHN0", ["noise_h", "noise_i", "noise_o", "state"])
    assert list(sparse_rnn.discover(graph)) == list(structure)


def bilstm(scope, inputs, forward, variables):
    """Two directions over a list of tensors; ``forward`` units each."""
    directions = []
    for direction in ("fw", "bw"):
        name = "{}/{}/basic_lstm_cell/".format(scope, direction)
        state = tf.zeros([2, forward]), tf.zeros([2, forward])
        outputs = []
        for x in inputs if direction == "fw" else inputs[::-1]:
            state = models.lstm_step(variables[name + "kernel"], variables[name + "bias"], x, state)
            outputs.append(state[1])
        directions.append(outputs if direction == "fw" else outputs[::-1])
    return [tf.concat(pair, 1) for pair in zip(*directions)]


def linear(name, features, variables):
    """One number per position: ``[B, T]``."""
    flat = tf.reshape(features, [-1, models.width(features)])
    scores = tf.matmul(flat, variables[name + "kernel"]) + variables[name + "bias"]
    return tf.reshape(scores, features.shape.as_list()[:-1])


def bidaf(d, context_steps=3, question_steps=2):
    """The encoder, attention, modelling and output layers over word vectors that are fed."""
    shapes = dict(bidaf_shapes(d))
    for direction in ("fw", "bw"):
        shapes["prepro/u1/{}/basic_lstm_cell/kernel".format(direction)] = (5 + d, 4 * d)
        shapes["prepro/u1/{}/basic_lstm_cell/bias".format(direction)] = (4 * d,)
    shapes["main/p0/bi_attention/u_logits/first/kernel"] = (6 * d, 1)
    shapes["main/p0/bi_attention/u_logits/first/bias"] = (1,)
    variables = {name: tf.get_variable(name, shape) for name, shape in shapes.items()}
    sides = []
    for name, steps in (("context", context_steps), ("question", question_steps)):
        words = tf.placeholder(tf.float32, [2, steps, 5], name)
        sides.append(tf.stack(bilstm("prepro/u1", tf.unstack(words, axis=1), d, variables), 1))
    h = tf.tile(tf.expand_dims(sides[0], 2), [1, 1, question_steps, 1])
    u = tf.tile(tf.expand_dims(sides[1], 1), [1, context_steps, 1, 1])
    logits = linear("main/p0/bi_attention/u_logits/first/", tf.concat([h, u, h * u], 3), variables)
    u_a = tf.reduce_sum(tf.expand_dims(tf.nn.softmax(logits), 3) * u, 2)
    h_a = tf.reduce_sum(tf.expand_dims(tf.nn.softmax(tf.reduce_max(logits, 2)), 2) * sides[0], 1)
    h_a = tf.tile(tf.expand_dims(h_a, 1), [1, context_steps, 1])
    p0 = tf.concat([sides[0], u_a, sides[0] * u_a, sides[0] * h_a], 2)
    g0 = bilstm("main/g0", tf.unstack(p0, axis=1), d, variables)
    g1 = tf.stack(bilstm("main/g1", g0, d, variables), 1)
    starts = linear("main/logits1/first/", tf.concat([g1, p0], 2), variables)
    a1i = tf.reduce_sum(tf.expand_dims(tf.nn.softmax(starts), 2) * g1, 1)
    a1i = tf.tile(tf.expand_dims(a1i, 1), [1, context_steps, 1])
    g2 = bilstm("main/g2", tf.unstack(tf.concat([p0, g1, a1i, g1 * a1i], 2), axis=1), d, variables)
    stops = linear("main/logits2/first/", tf.concat([tf.stack(g2, 1), p0], 2), variables)
    labels = tf.placeholder(tf.int32, [2], "labels")
    return [tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits) for logits in (starts, stops)]


@pytest.fixture
def bidaf_structure(graph):
    bidaf(4)
    return sparse_rnn.discover(graph)


def test_bidaf_has_the_six_groups_of_its_file_with_biases_and_the_attended_rows_that_it_forgot(bidaf_structure):
    d = 4
    by_name = {group.name: group for group in bidaf_structure}
    for number, entries in enumerate(bidaf_file(d)["groups"]):
        layer, direction = divmod(number, 2)
        cell = "main/g{}/{}/basic_lstm_cell".format(layer, ("fw", "bw")[direction])
        group = by_name[cell]
        expected = places(entries) | {(cell + "/bias", 0, gate * d) for gate in range(4)}
        if layer == 1:
            attended = (10 + direction) * d
            expected |= {("main/g2/{}/basic_lstm_cell/kernel".format(reader), 0, attended) for reader in ("fw", "bw")}
        assert {(part.variable, part.axis, part.start) for part in group.slices} == expected
        assert group.size == d


def test_bidaf_encoder_that_context_and_question_share_is_read_by_every_layer_above(bidaf_structure):
    by_name = {group.name: group for group in bidaf_structure}
    forward = by_name["prepro/u1/fw/basic_lstm_cell"]
    attention = [part.start for part in forward.slices if "u_logits" in part.variable]
    assert sorted(attention) == [0, 8, 16]
    read = {part.variable for part in forward.select(["consumer"])}
    assert {"main/g0/fw/basic_lstm_cell/kernel", "main/g2/bw/basic_lstm_cell/kernel"} <= read
    assert len(bidaf_structure) == 8
