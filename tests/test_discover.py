"""What is found in single graphs, what is left alone, and why."""

import numpy as np
import pytest

import sparse_rnn as sr
from sparse_rnn.compat import tf
from sparse_rnn.discovery import values, walk
from tests import discover_models as models
from tests.graphs import HAS_OWN_CELLS, NO_OWN_CELLS

#: As it is for users; the fixture of tests/conftest.py empties it.
UNFORESEEN = values.UNFORESEEN


def slices(group, role):
    return [(part.variable, part.axis, part.start) for part in group.select([role])]


def reasons(structure, variable):
    """Why indices of the variable are left alone, in one text."""
    about = [pinned for pinned in structure.pinned if variable in [place[0] for place in pinned.places]]
    return " ".join(reason for pinned in about for reason in pinned.reasons)


def perceptron(inputs, units=4, outputs=3, between=lambda hidden: hidden):
    """inputs -> hidden -> ``between`` -> scores; the hidden layer is the one that can shrink."""
    weights = models.Weights(seed=1)
    hidden = between(models.dense(weights, "hidden", inputs, units))
    return models.dense(weights, "scores", hidden, outputs, tf.identity)


@pytest.fixture
def inputs(graph):
    return tf.placeholder(tf.float32, [None, 5], "inputs")


@pytest.fixture(params=[False, True], ids=["v1", "v2"])
def control_flow(request):
    """Either form of loops and conditions, on either TensorFlow."""
    before = tf.control_flow_v2_enabled()
    (tf.enable_control_flow_v2 if request.param else tf.disable_control_flow_v2)()
    yield request.param
    (tf.enable_control_flow_v2 if before else tf.disable_control_flow_v2)()


def test_hidden_units_have_their_column_bias_and_consumer_row_and_a_readable_name(inputs, graph):
    perceptron(inputs)
    structure = sr.discover(graph)
    (group,) = structure
    assert (group.name, group.size) == ("hidden", 4)
    assert slices(group, "gate") == [("hidden/kernel", 1, 0)]
    assert slices(group, "bias") == [("hidden/bias", 0, 0)]
    assert slices(group, "consumer") == [("scores/kernel", 0, 0)]
    assert str(structure).splitlines()[0] == "hidden: 4 units; 1 gate, 1 bias, 1 consumer"
    assert "'scores/kernel' axis 1 [0:3], 'scores/bias' axis 0 [0:3]: no weight reads them" in str(structure)


def test_default_graph_is_taken(inputs, graph):
    perceptron(inputs)
    assert list(sr.discover()) == list(sr.discover(graph))


@pytest.mark.parametrize("resource", [False, True], ids=["reference", "handle"])
@pytest.mark.parametrize("form", models.FORMS)
def test_every_form_of_an_lstm_has_the_structure_of_the_builder(form, resource, graph, control_flow):
    words = tf.placeholder(tf.float32, [None, models.STEPS, 5])
    weights = models.Weights(seed=1, resource=resource)
    outputs = models.lstm_layer(weights, "cell", words, 3, form)
    models.dense(weights, "scores", outputs, 7)
    (group,) = sr.discover(graph)
    built = sr.iss.lstm_units("cell", "cell/kernel", "cell/bias", 5, 3, [sr.Consumer("scores/kernel")])
    assert set(group.slices) == set(built.slices)
    assert (group.name, group.size) == ("cell", 3)


def test_loop_is_in_the_form_that_was_asked_for(graph, control_flow):
    tf.while_loop(lambda count: count < 3, lambda count: [count + 1], [tf.constant(0)])
    types = {operation.type for operation in graph.get_operations()}
    assert (types & {"While", "StatelessWhile"} != set()) == control_flow


def test_gradients_through_a_loop_change_nothing(graph, control_flow):
    words = tf.placeholder(tf.float32, [None, models.STEPS, 5])
    weights = models.Weights(seed=1)
    scores = models.dense(weights, "scores", models.lstm_layer(weights, "cell", words, 3, "loop"), 7)
    bare = sr.discover(graph)
    tf.train.AdamOptimizer().minimize(models.loss_of(scores) + sr.regularizers.units(bare, 0.1))
    trained = sr.discover(graph)
    assert list(trained) == list(bare)
    assert [name for name in trained.carried["cell"] if "Adam" in name][:2] == [
        "cell/kernel/Adam",
        "cell/kernel/Adam_1",
    ]


@pytest.mark.skipif(not HAS_OWN_CELLS, reason=NO_OWN_CELLS)
@pytest.mark.parametrize("cell", ["BasicLSTMCell", "GRUCell", "LSTMCell"])
@pytest.mark.parametrize("dynamic", [True, False], ids=["dynamic", "static"])
def test_cells_of_tensorflow_have_the_structure_of_the_builders(cell, dynamic, graph, control_flow):
    words = tf.placeholder(tf.float32, [None, 4, 5])
    stack = tf.nn.rnn_cell.MultiRNNCell(
        [tf.nn.rnn_cell.DropoutWrapper(getattr(tf.nn.rnn_cell, cell)(units), output_keep_prob=0.5) for units in (7, 3)]
    )
    if dynamic:
        outputs, _ = tf.nn.dynamic_rnn(stack, words, sequence_length=tf.placeholder(tf.int32, [None]), dtype=tf.float32)
    else:
        outputs = tf.stack(tf.nn.static_rnn(stack, tf.unstack(words, axis=1), dtype=tf.float32)[0], 1)
    tf.train.AdamOptimizer().minimize(models.loss_of(models.dense(models.Weights(seed=1), "scores", outputs, 9)))
    kind = {"BasicLSTMCell": "basic_lstm_cell", "GRUCell": "gru_cell", "LSTMCell": "lstm_cell"}[cell]
    found = sr.discover(graph)
    for layer, (group, units, width) in enumerate(zip(found, (7, 3), (5, 7))):
        scope = "rnn/multi_rnn_cell/cell_{}/{}".format(layer, kind)
        above = "rnn/multi_rnn_cell/cell_1/" + kind
        readers = [above + part for part in (["/gates/kernel", "/candidate/kernel"] if "GRU" in cell else ["/kernel"])]
        consumers = [sr.Consumer(reader) for reader in (readers if layer == 0 else ["scores/kernel"])]
        if "GRU" in cell:
            parts = [scope + part for part in ("/gates/kernel", "/gates/bias", "/candidate/kernel", "/candidate/bias")]
            built = sr.iss.gru_units(scope, *parts, input_size=width, units=units, consumers=consumers)
        else:
            built = sr.iss.lstm_units(scope, scope + "/kernel", scope + "/bias", width, units, consumers)
        assert (group.name, set(group.slices)) == (built.name, set(built.slices))
    assert len(found) == 2


@pytest.mark.skipif(not HAS_OWN_CELLS, reason=NO_OWN_CELLS)
def test_projection_has_units_of_its_own_and_peepholes_are_part_of_theirs(graph):
    words = tf.placeholder(tf.float32, [None, 4, 5])
    outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.LSTMCell(6, use_peepholes=True, num_proj=3), words, dtype=tf.float32)
    models.dense(models.Weights(seed=1), "scores", outputs, 9)
    inner, projected = sr.discover(graph)
    assert [part.variable for part in inner.select(["bias"])].count("rnn/lstm_cell/w_f_diag") == 1
    assert slices(inner, "consumer") == [("rnn/lstm_cell/projection/kernel", 0, 0)]
    assert ("rnn/lstm_cell/kernel", 0, 5) in slices(projected, "consumer")


def test_two_directions_are_two_groups_that_one_consumer_reads(graph, control_flow):
    words = tf.placeholder(tf.float32, [None, models.STEPS, 5])
    weights = models.Weights(seed=1)
    forward = models.lstm_layer(weights, "fw", words, 3, "loop")
    backward = tf.reverse(models.lstm_layer(weights, "bw", tf.reverse(words, [1]), 3, "loop"), [1])
    models.dense(weights, "scores", tf.concat([forward, backward], 2), 7)
    fw, bw = sr.discover(graph)
    assert (slices(fw, "consumer"), slices(bw, "consumer")) == ([("scores/kernel", 0, 0)], [("scores/kernel", 0, 3)])


def test_towers_that_share_variables_are_one_structure(graph):
    for tower in range(3):
        with tf.name_scope("tower_{}".format(tower)):
            perceptron(tf.placeholder(tf.float32, [None, 5]))
    assert [len(group.slices) for group in sr.discover(graph)] == [3]


def test_a_reader_in_any_tower_counts(graph, inputs):
    perceptron(inputs)
    with tf.name_scope("second"):
        perceptron(inputs, between=tf.nn.softmax)
    assert list(sr.discover(graph)) == []
    assert "`second/Softmax` normalises across its inputs" in reasons(sr.discover(graph), "hidden/kernel")


def test_branches_of_a_condition_are_both_followed(graph, inputs, control_flow):
    flag = tf.placeholder(tf.bool, [])
    perceptron(inputs, between=lambda x: tf.cond(flag, lambda: tf.nn.relu(x), lambda: x * 2.0))
    assert [group.name for group in sr.discover(graph)] == ["hidden"]
    with tf.Graph().as_default() as other:
        flag = tf.placeholder(tf.bool, [])
        inputs = tf.placeholder(tf.float32, [None, 5])
        perceptron(inputs, between=lambda x: tf.cond(flag, lambda: tf.nn.softmax(x), lambda: x))
        assert list(sr.discover(other)) == []


def test_functions_are_followed(graph, inputs):
    @tf.function
    def squash(tensor):
        return tf.tanh(tensor) * 0.5

    @tf.function
    def normalise(tensor):
        return tf.nn.softmax(squash(tensor))

    perceptron(inputs, between=squash)
    assert any(operation.type.endswith("PartitionedCall") for operation in graph.get_operations())
    assert [group.name for group in sr.discover(graph)] == ["hidden"]
    with tf.Graph().as_default() as other:
        perceptron(tf.placeholder(tf.float32, [None, 5]), between=normalise)
        assert list(sr.discover(other)) == []


def test_state_variable_is_a_slice_and_placeholder_is_named(graph, inputs):
    carried = tf.get_variable("carried", [2, 4], initializer=tf.zeros_initializer(), trainable=False)
    start = tf.placeholder(tf.float32, [2, 4], "start")
    hidden = []
    perceptron(tf.placeholder(tf.float32, [2, 5]), between=lambda x: hidden.append(x + start + carried) or hidden[0])
    tf.assign(carried, hidden[0])
    structure = sr.discover(graph)
    (group,) = structure
    assert slices(group, "state") == [("carried", 1, 0)]
    assert structure.carried == {"hidden": ["start", "carried"]}


@pytest.mark.parametrize("as_name", [True, False])
def test_what_is_to_be_kept_is_kept(as_name, graph, inputs):
    features = []
    perceptron(inputs, between=lambda x: features.append(x) or x)
    structure = sr.discover(graph, keep=[features[0].name if as_name else features[0]])
    assert list(structure) == []
    assert "is to be kept" in reasons(structure, "hidden/bias")


def test_keeping_a_name_that_is_not_there_says_the_nearest(graph, inputs):
    perceptron(inputs)
    with pytest.raises(sr.UserError, match="keep: there is no tensor 'inputz'; did you mean 'inputs'"):
        sr.discover(graph, keep=["inputz:0"])


@pytest.mark.parametrize(
    "keep, message",
    [
        ("inputs:1", "keep: 'inputs' has 1 outputs, so there is no 'inputs:1'"),
        ([3], "keep: 3 is neither a tensor nor the name of one"),
        (tf.Graph(), "another graph"),
    ],
)
def test_keeping_what_cannot_be_kept_is_refused(keep, message, graph, inputs):
    perceptron(inputs)
    if isinstance(keep, tf.Graph):
        with keep.as_default():
            keep = tf.placeholder(tf.float32, [3], "inputs")
    with pytest.raises(sr.UserError, match=message):
        sr.discover(graph, keep=keep)


def test_only_a_graph_has_a_structure(graph):
    with pytest.raises(sr.UserError, match="a tf.Graph is needed, not a GraphDef"):
        sr.discover(graph.as_graph_def())


@pytest.mark.parametrize(
    "build, sentence",
    [
        (lambda x, w: perceptron(x, between=lambda h: tf.nn.softmax(h, name="mixing")),
         "of 4 weights most are held by 'hidden/kernel' axis 1 [0:4], 'hidden/bias' axis 0 [0:4], "
         "'scores/kernel' axis 0 [0:4]: `mixing` normalises across its inputs"),
        (lambda x, w: tf.matmul(x, w.get("only", 5, 3)),
         "no indices lie between a weight that writes them and one that reads them"),
        (lambda x, w: (w.get("one", 5, 3), w.get("other", 3)),
         "nothing that is computed from data uses any of the 2 weights, as if discover had been called before"),
        (lambda x, w: tf.matmul(x[:, :1], w.get("number", 1, 1)), "no weight has two indices along any axis"),
    ],
)  # fmt: skip
def test_where_nothing_is_found_a_sentence_says_why_and_what_to_do(build, sentence, graph, inputs):
    build(inputs, models.Weights(seed=1))
    structure = sr.discover(graph)
    assert list(structure) == []
    first = str(structure).splitlines()[0]
    assert first.startswith("no units that could be removed: " + sentence)
    assert first.endswith("write the groups by hand (sparse_rnn.iss, sparse_rnn.UnitGroup).")


def test_parts_of_a_partitioned_variable_keep_their_length_along_the_cut(graph, inputs):
    hidden = models.dense(models.Weights(seed=1), "hidden", inputs, 4)
    kernel = tf.get_variable("reader", [4, 6], partitioner=tf.fixed_size_partitioner(2, axis=0))
    read = tf.matmul(hidden, tf.concat(list(kernel), 0))
    tf.matmul(tf.tanh(read), tf.get_variable("scores", [6, 3]))
    structure = sr.discover(graph)
    (group,) = structure
    assert slices(group, "gate") == [("reader/part_0", 1, 0), ("reader/part_1", 1, 0)]
    assert "`reader/part_0` is a part of 'reader'" in reasons(structure, "hidden/kernel")


def test_a_graph_without_weights_is_refused(graph):
    tf.placeholder(tf.float32, [3])
    with pytest.raises(sr.UserError, match="no trainable variables"):
        sr.discover(graph)


def test_an_unknown_operation_pins_what_it_touches_and_is_named(graph, inputs):
    perceptron(inputs, between=lambda x: tf.raw_ops.Roll(input=x, shift=[1], axis=[1], name="turn"))
    structure = sr.discover(graph)
    assert list(structure) == []
    assert "`turn` is an operation (Roll) that is not followed" in reasons(structure, "hidden/kernel")


def test_a_form_that_a_rule_does_not_foresee_is_a_pin_for_users_and_an_error_in_tests(graph, inputs, monkeypatch):
    monkeypatch.setitem(walk.RULES, "Tanh", lambda step: [step.inputs[1]])
    perceptron(inputs)
    with pytest.raises(IndexError):
        sr.discover(graph)
    monkeypatch.setattr(values, "UNFORESEEN", UNFORESEEN)
    structure = sr.discover(graph)
    assert list(structure) == []
    assert "is an operation (Tanh) in a form that is not followed" in reasons(structure, "hidden/kernel")


def test_weights_that_nothing_uses_are_said(graph, inputs):
    perceptron(inputs)
    tf.get_variable("forgotten", [4, 3])
    assert "nothing that is computed from data uses it" in reasons(sr.discover(graph), "forgotten")


def test_inputs_are_no_units_though_a_weight_reads_them(graph, inputs):
    perceptron(inputs)
    assert reasons(sr.discover(graph), "hidden/kernel") == "no weight writes them"


def test_low_rank_factors_have_units_between_them(graph, inputs):
    weights = models.Weights(seed=1)
    factors = tf.matmul(weights.get("left", 5, 2), weights.get("right", 2, 7))
    models.dense(weights, "scores", tf.tanh(tf.matmul(inputs, factors)), 3)
    inner, outer = sr.discover(graph)
    assert (slices(inner, "gate"), slices(inner, "consumer")) == ([("left", 1, 0)], [("right", 0, 0)])
    assert (slices(outer, "gate"), slices(outer, "consumer")) == ([("right", 1, 0)], [("scores/kernel", 0, 0)])


def test_convolution_has_units_per_channel_and_each_place_of_a_flattened_map_reads_them(graph):
    image = tf.placeholder(tf.float32, [None, 6, 1, 2])
    weights = models.Weights(seed=1)
    channels = tf.nn.conv2d(image, filter=weights.get("filter", 3, 1, 2, 4), strides=[1, 1, 1, 1], padding="VALID")
    flat = tf.reshape(tf.nn.relu(channels), [-1, 16])
    models.dense(weights, "scores", flat, 3)
    (group,) = sr.discover(graph)
    assert slices(group, "gate") == [("filter", 3, 0)]
    assert slices(group, "consumer") == [("scores/kernel", 0, start) for start in (0, 4, 8, 12)]


def test_einsum_is_a_product(graph):
    words = tf.placeholder(tf.float32, [None, 3, 5])
    weights = models.Weights(seed=1)
    hidden = tf.einsum("bti,ij->btj", words, weights.get("in", 5, 4))
    tf.einsum("btj,jk->btk", hidden, weights.get("out", 4, 2))
    (group,) = sr.discover(graph)
    assert (slices(group, "gate"), slices(group, "consumer")) == ([("in", 1, 0)], [("out", 0, 0)])


def test_graph_of_a_meta_file_has_the_same_structure(graph, inputs, tmp_path):
    perceptron(inputs)
    expected = sr.discover(graph)
    tf.train.export_meta_graph(str(tmp_path / "model.meta"))
    with tf.Graph().as_default() as other:
        tf.train.import_meta_graph(str(tmp_path / "model.meta"))
        found = sr.discover(other)
    assert (list(found), found.pinned) == (list(expected), expected.pinned)


def test_structure_goes_wherever_a_structure_goes(graph, inputs):
    perceptron(inputs)
    structure = sr.discover(graph)
    sr.regularizers.units(structure, strength=0.1)
    arrays = {"hidden/kernel": np.ones([5, 4]), "hidden/bias": np.ones(4), "scores/kernel": np.ones([4, 3])}
    arrays["scores/kernel"][2] = 0.0
    small = sr.compaction.compact(arrays, structure)
    assert list(small.kept["hidden"]) == [0, 1, 3]
    assert "kept 3 of 4" in str(sr.sparsity.report(arrays, structure))


@pytest.mark.parametrize("padding, found", [(0.0, ["hidden"]), (1.0, [])])
def test_units_read_through_padding_are_found_only_where_it_is_zero(inputs, graph, padding, found):
    weights = models.Weights(seed=1)
    hidden = models.dense(weights, "hidden", inputs, 4)
    tf.matmul(hidden, tf.pad(weights.get("reader", 4, 3), [[0, 0], [0, 2]], constant_values=padding))
    assert [group.name for group in sr.discover(graph)] == found
