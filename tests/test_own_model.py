"""A model of one's own gets smaller: the library beside a model that knows nothing of it.

On TensorFlow 1.15 the model is made of TensorFlow's own cells; elsewhere, where there are none, of ``sparse_rnn.lstm``.
"""

import numpy as np
import pytest

import sparse_rnn as sr
from sparse_rnn.compat import tf
from tests.graphs import HAS_OWN_CELLS, session

TIME, BATCH, INPUT, CLASSES = 6, 64, 5, 3
SIZES = [12, 9]
TEST_SEED = 12345


def data(seed):
    """Sequences, and for each which of its first three features is largest at the first time step."""
    inputs = np.random.RandomState(seed).randn(TIME, BATCH, INPUT).astype(np.float32)
    return inputs, np.argmax(inputs[0, :, :CLASSES], axis=1)


def tensorflows_static(inputs, sizes):
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(units) for units in sizes])
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(inputs), dtype=tf.float32)
    return outputs[-1]


def tensorflows_dynamic(inputs, sizes):
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(units) for units in sizes])
    outputs, _ = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32, time_major=True)
    return outputs[-1]


def ours(inputs, sizes):
    for layer, units in enumerate(sizes):
        width = inputs.shape.as_list()[2]
        with tf.variable_scope("rnn/multi_rnn_cell/cell_{}/basic_lstm_cell".format(layer)):
            kernel = tf.get_variable("kernel", [width + units, 4 * units])
            bias = tf.get_variable("bias", [4 * units], initializer=tf.zeros_initializer())
        inputs, _ = sr.lstm.lstm(inputs, kernel, bias)
    return inputs[-1]


MODELS = [tensorflows_static, tensorflows_dynamic, ours] if HAS_OWN_CELLS else [ours]


def build(model, sizes):
    """Inputs, labels, logits and loss of a classifier with layers of ``sizes``."""
    tf.set_random_seed(1)
    inputs = tf.placeholder(tf.float32, [TIME, BATCH, INPUT])
    labels = tf.placeholder(tf.int64, [BATCH])
    last = model(inputs, sizes)
    softmax_w = tf.get_variable("softmax_w", [sizes[-1], CLASSES])
    softmax_b = tf.get_variable("softmax_b", [CLASSES])
    logits = tf.matmul(last, softmax_w) + softmax_b
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    return inputs, labels, logits, loss


@pytest.mark.parametrize("model", MODELS)
def test_a_model_of_ones_own_is_trained_cut_and_rebuilt_with_equal_outputs(model, tmp_path):
    run, small_run = str(tmp_path / "run"), str(tmp_path / "small_run")
    with tf.Graph().as_default():
        inputs, labels, logits, loss = build(model, SIZES)
        optimizer = tf.train.AdamOptimizer(0.02)

        # The README's lines, first part: which weights are a unit, the penalty, and zeroing after each update.
        cell_0, cell_1 = ["rnn/multi_rnn_cell/cell_{}/basic_lstm_cell/".format(layer) for layer in (0, 1)]
        structure = [
            sr.iss.lstm_units("lstm_0", cell_0 + "kernel", cell_0 + "bias", 5, 12, [sr.Consumer(cell_1 + "kernel")]),
            sr.iss.lstm_units("lstm_1", cell_1 + "kernel", cell_1 + "bias", 12, 9, [sr.Consumer("softmax_w")]),
        ]
        loss += sr.regularizers.units(structure, strength=0.01)
        train_op = sr.zeroing.after(optimizer.minimize(loss), tf.trainable_variables(), threshold=0.01)

        # Training and saving as ever.
        saver = tf.train.Saver()
        with session() as running:
            for seed in range(400):
                running.run(train_op, dict(zip([inputs, labels], data(seed))))
            saver.save(running, run + "/model.ckpt")
            before = running.run(logits, {inputs: data(TEST_SEED)[0]})

    # The README's lines, second part: how many units are left, and the same network without the others.
    weights = sr.checkpoints.read(run)
    print(sr.sparsity.report(weights, structure))
    small = sr.compaction.compact(weights, structure)
    prefix = sr.checkpoints.write(small.weights, small_run)
    sizes = [group.size for group in small.structure]

    # The same model code with the smaller sizes restores the small checkpoint, Adam's moments included.
    with tf.Graph().as_default():
        inputs, _, logits, loss = build(model, sizes)
        tf.train.AdamOptimizer(0.02).minimize(loss)
        saver = tf.train.Saver()
        with session() as running:
            saver.restore(running, prefix)
            after = running.run(logits, {inputs: data(TEST_SEED)[0]})

    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)
    assert all(1 <= size < full for size, full in zip(sizes, SIZES))
    assert "kept {} of 12".format(sizes[0]) in str(sr.sparsity.report(weights, structure))
    assert np.mean(np.argmax(after, axis=1) == data(TEST_SEED)[1]) > 0.75
