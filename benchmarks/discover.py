"""How long does it take to find the structure of a large graph?

    python benchmarks/discover.py [--width=830] [--depth=10] [--steps=35] [--repeats=3]

The graph is that of the original's recurrent highway network, unrolled, with its gradients and updates. The
widths do not matter, the number of operations does; nothing is run. To compare with: building the graph. Adds to
results/benchmarks/discover.csv; there the seconds of the processor are what other work on the machine leaves alone.
"""

import os
import resource
import time

import numpy as np
import reporting

import sparse_rnn
from sparse_rnn.compat import tf
from sparse_rnn.training import command, command_line, origin

KEYS = ("tensorflow", "width", "depth", "steps")


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


def main(arguments):
    """Print what was found, the number of operations, the seconds and the memory; returns the exit code."""
    parser = command_line.parser(__doc__)
    for name, default in (("width", 830), ("depth", 10), ("steps", 35)):
        parser.add_argument("--" + name, type=command_line.at_least_one, default=default)
    reporting.add_common(parser, repeats=3)
    flags = parser.parse_args(arguments)
    print(origin.machine())
    row = _measured(flags)
    reporting.show([name for name in row if name != "machine"], [[str(row[name]) for name in row if name != "machine"]])
    reporting.merge(os.path.join(flags.save_path, "discover.csv"), [row], KEYS)
    return 0


def _measured(flags):
    with tf.Graph().as_default() as graph:
        started = time.perf_counter()
        build(flags.width, flags.depth, flags.steps)
        built, memory = time.perf_counter(), _megabytes()
        turns = []
        for _ in range(flags.repeats):
            clock, processor = time.perf_counter(), time.process_time()
            structure = sparse_rnn.discover(graph)
            turns.append((time.perf_counter() - clock, time.process_time() - processor, _megabytes() - memory))
    print(structure)
    low, median, high = np.percentile(turns, [25, 50, 75], axis=0)
    return {
        "tensorflow": tf.version.VERSION,
        "width": flags.width,
        "depth": flags.depth,
        "steps": flags.steps,
        "operations": len(graph.get_operations()),
        "build_seconds": round(built - started, 2),
        "seconds": round(median[0], 2),
        "low": round(low[0], 2),
        "high": round(high[0], 2),
        "processor_seconds": round(median[1], 2),
        "megabytes": round(turns[0][2]),
        "repeats": flags.repeats,
        "machine": origin.machine(),
    }


def _megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


if __name__ == "__main__":
    command.run(main)
