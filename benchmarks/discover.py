"""How long does it take to find the structure of a large graph?

    python benchmarks/discover.py [--width=830] [--depth=10] [--steps=35]

The graph is that of the original's recurrent highway network, unrolled, with its gradients and updates. The
widths do not matter, the number of operations does; nothing is run. To compare with: building the graph.
"""

import argparse
import resource
import time

import sparse_rnn
from sparse_rnn.compat import VERSION, tf


def build(width, depth, steps, vocabulary=10000):
    """The training graph of a tied recurrent highway network."""
    words = tf.placeholder(tf.int32, [20, steps], "words")
    embedding = tf.get_variable("model/embedding", [vocabulary, width], use_resource=True)
    keep = tf.placeholder(tf.float32, [20, width], "noise_h")
    inputs = tf.nn.embedding_lookup(embedding, words)
    state, outputs = tf.placeholder(tf.float32, [20, width], "state"), []
    for t in range(steps):
        for i in range(depth):
            read = state * keep if i else tf.concat([inputs[:, t, :], state * keep], 1)
            h, gate = (_linear(kind, i, read, width) for kind in "ht")
            state = (tf.tanh(h) - state) * tf.sigmoid(gate) + state
        outputs.append(state)
    logits = tf.matmul(tf.reshape(tf.stack(outputs, 1), [-1, width]), embedding, transpose_b=True)
    labels = tf.reshape(words, [-1])
    loss = tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
    tf.train.MomentumOptimizer(0.2, 0.9).minimize(loss)


def _linear(kind, depth, inputs, width):
    with tf.variable_scope("model/RHN0/{}_{}/Linear".format(kind, depth), reuse=tf.AUTO_REUSE):
        matrix = tf.get_variable("Matrix", [inputs.shape.as_list()[1], width], use_resource=True)
        bias = tf.get_variable("Bias", [width], use_resource=True)
    return tf.matmul(inputs, matrix) + bias


def main():
    """Print the number of operations, the seconds, the memory and what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("width", 830), ("depth", 10), ("steps", 35)):
        parser.add_argument("--" + name, type=int, default=default)
    flags = parser.parse_args()
    with tf.Graph().as_default() as graph:
        started = time.time()
        build(flags.width, flags.depth, flags.steps)
        built, memory = time.time(), _megabytes()
        structure = sparse_rnn.discover(graph)
        seconds = time.time() - built
    print(
        "TensorFlow {}: {:,} operations, built in {:.1f} s; structure found in {:.1f} s with {:.0f} MB more".format(
            VERSION, len(graph.get_operations()), built - started, seconds, _megabytes() - memory
        )
    )
    print(structure)


def _megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


if __name__ == "__main__":
    main()
