"""What training adds to a graph reads no unit: gradients, updates, averages; unless a model computes with it."""

import pytest

import sparse_rnn as sr
from sparse_rnn import blocks
from sparse_rnn.compat import tf
from tests import discover_models as models
from tests.test_discover import inputs, perceptron, reasons  # noqa: F401 - inputs is a fixture


def machinery(loss, structure):
    """Everything that training puts into a graph."""
    variables = tf.trainable_variables()
    strength = tf.placeholder(tf.float32, [], "strength")
    scale = tf.Variable(1.0, trainable=False)
    warm = tf.cond(strength > 0.5, lambda: tf.constant(1.0), lambda: strength)
    loss += sr.regularizers.units(structure, 0.1) + warm * strength * sr.regularizers.l1(variables, 0.1)
    loss += scale * tf.add_n([tf.nn.l2_loss(variable) for variable in variables])
    optimizer = tf.train.MomentumOptimizer(
        tf.train.exponential_decay(0.1, tf.train.get_or_create_global_step(), 10, 0.5), 0.9
    )
    gradients, names = zip(*optimizer.compute_gradients(loss))
    gradients, norm = tf.clip_by_global_norm(gradients, 5.0)
    update = sr.freezing.apply_gradients(optimizer, list(zip(gradients, names)), "group", structure)
    average = tf.train.ExponentialMovingAverage(0.9)
    with tf.control_dependencies([update]):
        average.apply(variables)
    sr.zeroing.after(update, variables, 1e-3)
    tf.summary.scalar("norm", norm)
    tf.summary.histogram("kernel", variables[0])
    tf.summary.scalar("zeros", tf.reduce_mean(tf.cast(tf.equal(variables[0], 0.0), tf.float32)))
    tf.summary.merge_all()
    tf.train.Saver()
    tf.is_finite(loss + norm)


@pytest.mark.parametrize("scope, block", [("", blocks.BLOCK), ("Train", blocks.BLOCK), ("", 4)])
def test_penalties_clipping_freezing_zeroing_averages_and_summaries_are_no_readers(
    scope,
    block,
    graph,
    inputs,  # noqa: F811
    monkeypatch,
):
    monkeypatch.setattr(blocks, "BLOCK", block)
    with tf.name_scope(scope or None):
        loss = models.loss_of(perceptron(inputs))
        bare = sr.discover(graph)
        machinery(loss, bare)
    trained = sr.discover(graph)
    assert list(trained) == list(bare)
    assert trained.pinned == bare.pinned
    assert [name for name in trained.carried["hidden"] if name.endswith("Momentum")] != []
    assert [name for name in trained.carried["hidden"] if name.endswith("ExponentialMovingAverage")] != []


@pytest.mark.parametrize("block", [blocks.BLOCK, 4], ids=["whole", "in blocks"])
@pytest.mark.parametrize("changed_rows", [False, True])
def test_zeroing_of_the_rows_of_an_embedding_is_no_reader(block, changed_rows, graph, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    embedding = tf.get_variable("embedding", [9, 4], use_resource=True)
    looked_up = tf.nn.embedding_lookup(embedding, tf.placeholder(tf.int32, [5]))
    loss = models.loss_of(tf.matmul(tf.tanh(looked_up), tf.get_variable("reader", [4, 3], use_resource=True)))
    bare = sr.discover(graph)
    assert [unit_group.size for unit_group in bare] == [4]
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    grads_and_vars = optimizer.compute_gradients(loss)
    rows = {"embedding": grads_and_vars[0][0].indices} if changed_rows else None
    sr.zeroing.after(optimizer.apply_gradients(grads_and_vars), tf.trainable_variables(), 1e-3, rows)
    sr.zeroing.small(tf.trainable_variables(), 1e-3)
    trained = sr.discover(graph)
    assert list(trained) == list(bare)
    assert trained.pinned == bare.pinned


def test_a_second_model_that_reads_gradients_is_not_trusted(graph, inputs):  # noqa: F811
    loss = tf.reduce_sum(tf.square(perceptron(inputs)))
    slope = tf.gradients(loss, inputs)[0]
    tf.gradients(loss + tf.reduce_sum(tf.square(slope)), tf.trainable_variables())
    structure = sr.discover(graph)
    assert list(structure) == []
    assert "computes with what depends on gradients" in reasons(structure, "hidden/kernel")


def test_weights_after_a_gradient_step_are_not_trusted(graph, inputs):  # noqa: F811
    hidden, kernel = models.dense(models.Weights(seed=1), "hidden", inputs, 4), tf.get_variable("reader", [4, 3])
    slope = tf.gradients(tf.reduce_sum(tf.square(tf.matmul(hidden, kernel))), kernel)[0]
    tf.matmul(hidden, kernel - 0.1 * slope, name="adapted")
    structure = sr.discover(graph)
    assert list(structure) == []
    assert "`adapted` computes with what depends on gradients" in reasons(structure, "hidden/kernel")


def test_two_losses_of_one_model_are_no_gradients_of_gradients(graph, inputs):  # noqa: F811
    scores = perceptron(inputs)
    for loss in (models.loss_of(scores), tf.reduce_sum(tf.square(scores))):
        tf.train.AdamOptimizer().minimize(loss)
    assert [group.name for group in sr.discover(graph)] == ["hidden"]
