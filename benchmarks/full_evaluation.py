"""How fast is the exact perplexity of a text, the ``full`` style of evaluation?

    python benchmarks/full_evaluation.py [--sizes=small,medium,large] [--repeats=5]

A text as long as the test text of the Penn Treebank, against a stretch of it read with one run of the graph per word:
the same graph, and TensorFlow's cell as the original used it. Adds to results/benchmarks/full_evaluation.csv.
"""

import functools
import math
import os

import language_model
import measuring
import numpy as np
import reporting

from ptb.trainer import TRAINER
from sparse_rnn.compat import tf
from sparse_rnn.training import command, command_line, origin, text
from sparse_rnn.training.language import evaluation

FULL, SINGLE, ORIGINAL = "full", "one word per run", "one word per run, as the original"
#: rival -> words of the text that it reads.
WORDS = {FULL: 82430, SINGLE: 101, ORIGINAL: 101}
KEYS = ("tensorflow", "size", "rival")


def make(rival, size):
    """The perplexity of a text, in its own process."""
    experiment = language_model.experiment(size)
    arrays = language_model.arrays(experiment.model)
    return {"text": evaluation_of(rival, experiment, arrays, language_model.corpus(WORDS[rival]).test)}


def evaluation_of(rival, experiment, arrays, ids):
    """A function that returns the perplexity of ``ids``."""
    loaded = evaluation.LoadedLanguageModel(TRAINER, experiment, arrays)
    if rival == FULL:
        return lambda: loaded.perplexity(ids, "full", "test")
    words = text.full_stream(ids, 1)
    if rival == SINGLE:
        graph = loaded.evaluation("full")
        return lambda: graph.perplexity(loaded.session, words)
    return functools.partial(_as_the_original, loaded, words)


def _as_the_original(loaded, batches):
    """The state is fetched from each run and fed to the next."""
    words, targets, before, loss, after = loaded.built(ORIGINAL, lambda weights: _original(loaded.experiment, weights))
    state, total = [np.zeros(each.shape, np.float32) for each in before], 0.0
    for batch in batches:
        feed = dict(zip([words, targets] + before, [*batch, *state]))
        found, state = loaded.session.run([loss, after], feed)
        total += found
    return math.exp(total / len(batches))


def _original(experiment, weights):
    import training_steps

    options = experiment.model
    words, targets = tf.placeholder(tf.int32, [1, 1]), tf.placeholder(tf.int32, [1, 1])
    outputs, before, after = tf.nn.embedding_lookup(weights.embedding, tf.transpose(words)), [], []
    for kernel, bias, units in zip(weights.kernels, weights.biases, options.hidden_sizes):
        state = [tf.placeholder(tf.float32, [1, units]) for _ in ("c", "h")]
        outputs, last = training_steps.unrolled(outputs, kernel, bias, state, options.forget_bias)
        before, after = before + state, after + list(last)
    logits = tf.matmul(outputs[0], weights.softmax_w) + weights.softmax_b
    return words, targets, before, training_steps.cost_of(logits, targets), after


def main(arguments):
    """Measure, print, write; returns the exit code."""
    parser = command_line.parser(__doc__)
    reporting.add_choices(parser, "--sizes", language_model.SIZES)
    parser.add_argument("--repeats", type=int, default=5, help="turns of each that count")
    parser.add_argument("--save_path", default=reporting.FOLDER, help="where the CSV goes")
    flags = parser.parse_args(arguments)
    print(origin.machine())
    for size in flags.sizes:
        rows = _measure(size, flags.repeats)
        reporting.merge(os.path.join(flags.save_path, "full_evaluation.csv"), rows, KEYS)
    return 0


def _measure(size, repeats):
    """Milliseconds per word that is predicted."""
    rivals = [measuring.Rival(rival, make, (rival, size)) for rival in WORDS]
    rows = []
    for each in measuring.measure(rivals, repeats, warm_up=1):
        words = WORDS[each.name] - 1
        middle, low, high = (value / words for value in (each.timing.milliseconds,) + each.timing.quartiles)
        rows.append(
            {
                "tensorflow": tf.version.VERSION,
                "size": size,
                "rival": each.name,
                "milliseconds": round(middle, 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "full is faster by": round(middle / rows[0]["milliseconds"], 2) if rows else 1.0,
                "repeats": repeats,
                "machine": origin.machine(),
            }
        )
    reporting.show(
        [size, "ms per word (quartiles)", "full is faster by"],
        [
            [
                row["rival"],
                "{milliseconds:.4g} ({low:.4g} to {high:.4g})".format(**row),
                "{:.1f}x".format(row["full is faster by"]),
            ]
            for row in rows
        ],
    )
    return rows


if __name__ == "__main__":
    command.run(main)
