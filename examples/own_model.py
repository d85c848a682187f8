"""A model that knows nothing of this library, made smaller: LSTM cells of TensorFlow with attention.

    python examples/own_model.py

It trains a language model on the built-in corpus, finds out which weights make up a unit, pushes whole units to
zero while it trains, cuts the dead ones out, builds the same model with the sizes that are left, and shows that it
computes the same and how fast it is. Some minutes on two cores; TensorFlow 1.15, or 2 with TensorFlow's fused LSTM.
"""

import argparse

import numpy as np

import sparse_rnn as sr
from sparse_rnn.compat import tf
from sparse_rnn.training import text, timing

BATCH, STEPS = 20, 20
#: Epochs before the penalty sets in: with it from the start nothing is learnt.
DENSE_EPOCHS = 5


def lstm(inputs, sizes):
    """TensorFlow's own LSTM layers over ``[B, T, in]``."""
    if tf.version.VERSION.startswith("1."):
        stack = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(units) for units in sizes])
        return tf.nn.dynamic_rnn(stack, inputs, dtype=tf.float32)[0]
    outputs = tf.transpose(inputs, [1, 0, 2])
    for layer, units in enumerate(sizes):
        with tf.variable_scope("rnn/multi_rnn_cell/cell_{}/basic_lstm_cell".format(layer)):
            kernel = tf.get_variable("kernel", [outputs.shape.as_list()[2] + units, 4 * units])
            bias = tf.get_variable("bias", [4 * units], initializer=tf.zeros_initializer())
        zeros, none = tf.zeros([BATCH, units]), tf.zeros([units])
        outputs = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(STEPS, tf.int64), x=outputs, cs_prev=zeros, h_prev=zeros, w=kernel,
            wci=none, wcf=none, wco=none, b=bias,
        ).h  # fmt: skip
    return tf.transpose(outputs, [1, 0, 2])


def dense(name, inputs, units):
    """A layer over the last axis of ``[B, T, in]``."""
    kernel = tf.get_variable(name + "/kernel", [inputs.shape.as_list()[2], units])
    bias = tf.get_variable(name + "/bias", [units], initializer=tf.zeros_initializer())
    product = tf.matmul(tf.reshape(inputs, [-1, inputs.shape.as_list()[2]]), kernel) + bias
    return tf.reshape(product, [BATCH, STEPS, units])


def model(words, vocabulary, sizes):
    """Scores ``[B, T, V]`` of the next word; ``sizes`` as in _SIZES."""
    uniform = tf.random_uniform_initializer(-0.5, 0.5)
    embedding = tf.get_variable("embedding", [vocabulary, sizes["embedding"]], initializer=uniform)
    h = lstm(tf.nn.embedding_lookup(embedding, words), [sizes["layer_0"], sizes["layer_1"]])
    # Every step looks back at all steps before it.
    query, key = (tf.expand_dims(dense("attention/" + name, h, sizes["attention"]), axis) for name, axis in _SIDES)
    scores = tf.reduce_sum(tf.tanh(query + key) * tf.get_variable("attention/v", [sizes["attention"]]), 3)
    past = np.where(np.tri(STEPS), 0.0, -1e9).astype(np.float32)
    summary = tf.matmul(tf.nn.softmax(scores + past), h)
    read = tf.tanh(dense("output", tf.concat([h, summary, h * summary], 2), sizes["output"]))
    return dense("softmax", read, vocabulary)


_SIDES = (("query", 2), ("key", 1))
_SIZES = {"embedding": 96, "layer_0": 128, "layer_1": 128, "attention": 48, "output": 96}


class Graph:
    """The model with its loss in a session of its own."""

    def __init__(self, vocabulary, sizes):
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            self.words = tf.placeholder(tf.int32, [BATCH, STEPS])
            self.targets = tf.placeholder(tf.int32, [BATCH, STEPS])
            self.scores = model(self.words, vocabulary, sizes)
            self.strength = tf.placeholder(tf.float32, [])
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.targets, logits=self.scores)
            self.loss = loss = tf.reduce_mean(losses)
            optimizer = tf.train.AdamOptimizer(0.005)

            # These are the lines that make a model of yours smaller:
            self.structure = sr.discover(tf.get_default_graph())
            layers = [group for group in self.structure if "cell" in group.name]
            loss += sr.regularizers.units(layers, strength=self.strength)
            self.train = sr.zeroing.after(optimizer.minimize(loss), tf.trainable_variables(), threshold=1e-3)

            self.variables = {variable.op.name: variable for variable in tf.trainable_variables()}
            self.feeds = {name: tf.placeholder(tf.float32, each.shape) for name, each in self.variables.items()}
            self.load = [tf.assign(self.variables[name], self.feeds[name]).op for name in self.feeds]
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def run(self, fetches, batch, strength=0.0):
        """Values for (words, targets)."""
        return self.session.run(fetches, {self.words: batch[0], self.targets: batch[1], self.strength: strength})

    def perplexity(self, batches):
        """Of all words of the batches."""
        return float(np.exp(np.mean([self.run(self.loss, batch) for batch in batches])))


def sizes_of(structure):
    """The arguments of the model, from the structure that is left."""
    named = {
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell": "layer_0",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell": "layer_1",
    }
    return {named.get(group.name, group.name): group.size for group in structure}


def main():
    """Train, shrink, prove, time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--strength", type=float, default=0.006)
    flags = parser.parse_args()
    corpus = text.load_corpus("builtin")
    vocabulary = len(corpus.vocabulary)
    batches, valid = (text.batch_view(ids, BATCH, STEPS) for ids in (corpus.train, corpus.valid))
    large = Graph(vocabulary, _SIZES)
    print(large.structure)
    for epoch in range(flags.epochs):
        for batch in batches:
            large.run(large.train, batch, strength=flags.strength if epoch >= DENSE_EPOCHS else 0.0)
        weights = large.session.run(large.variables)
        kept = {name: len(units) for name, units in sr.sparsity.kept_units(weights, large.structure).items()}
        valid_perplexity = large.perplexity(valid)
        print("epoch {}: valid perplexity {:.2f}, kept {}".format(epoch + 1, valid_perplexity, kept), flush=True)

    compacted = sr.compaction.compact(weights, large.structure)
    small = Graph(vocabulary, sizes_of(compacted.structure))
    small.session.run(small.load, {small.feeds[name]: array for name, array in compacted.weights.items()})
    print(sr.sparsity.report(weights, large.structure))
    before, after = (each.run(each.scores, valid[0]) for each in (large, small))
    print(
        "largest |logit difference| {:.2g} at logits up to {:.1f}".format(
            np.abs(before - after).max(), np.abs(before).max()
        )
    )
    perplexities = [each.perplexity(valid) for each in (large, small)]
    print("valid perplexity {:.4f} before, {:.4f} after".format(*perplexities))
    times = timing.interleaved([lambda each=each: each.run(each.scores, valid[0]) for each in (large, small)])
    milliseconds = [each.milliseconds for each in times]
    print(
        "milliseconds per batch {:.2f} before, {:.2f} after: {:.2f}x".format(
            *milliseconds, milliseconds[0] / milliseconds[1]
        )
    )


if __name__ == "__main__":
    main()
