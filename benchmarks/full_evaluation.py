"""How fast is the exact perplexity of a text, the ``full`` style of evaluation?

    python benchmarks/full_evaluation.py [--sizes=small,medium,large] [--repeats=5]
    python benchmarks/full_evaluation.py --restore_path=runs/small --data_path=data/ptb

Against what the original did: TensorFlow's cell, one word per run of the graph, the state fetched and fed. Untrained
weights read a text of random words as long as the test text of the Penn Treebank; a trained model reads the test text
of its data. The original's way reads a stretch of it. Adds to results/benchmarks/full_evaluation.csv.
"""

import os

import language_model
import measuring
import numpy as np
import reporting
import training_steps

from ptb.trainer import TRAINER
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line, origin, text
from sparse_rnn.training.language import evaluation, perplexity, restoring

FULL, ORIGINAL = "full", "one word per run"
#: Words of the test text of the Penn Treebank, and of the stretch that is read word by word.
TEXT, STRETCH = 82430, 101
KEYS = ("tensorflow", "model", "rival")


def make_untrained(rival, size):
    """An evaluation of random words under a model as training begins with it, in its own process."""
    experiment = language_model.experiment(size)
    arrays = language_model.arrays(experiment.model)
    return evaluation_of(rival, experiment, arrays, language_model.corpus(TEXT).test)


def make_trained(rival, restore_path, data_path):
    """An evaluation of the test text under a trained model, in its own process."""
    restored = restoring.restore(TRAINER, restore_path)
    test = restoring.corpus_for(restored, data_path).test
    return evaluation_of(rival, restored.experiment, restored.arrays, test)


def evaluation_of(rival, experiment, arrays, ids):
    """A function that returns the perplexity of ``ids``, or for :data:`ORIGINAL` of its beginning, and the facts.

    ``words`` is how many are predicted; ``mended`` how many of them were read again, once the function was called.
    """
    loaded = evaluation.LoadedLanguageModel(TRAINER, experiment, arrays)
    if rival == ORIGINAL:
        batches = text.full_stream(ids[:STRETCH], 1)
        return {"text": lambda: _word_by_word(loaded, batches)}, {"words": len(batches), "mended": 0}
    facts = {"words": len(ids) - 1}

    def read():
        found = loaded.perplexity(ids, "full", "test")
        facts["mended"] = loaded.stream().mended
        return found

    return {"text": read}, facts


def _word_by_word(loaded, batches):
    words, targets, before, loss, after = loaded.built(ORIGINAL, lambda weights: _original(loaded.experiment, weights))
    state, total = [np.zeros(each.shape, np.float32) for each in before], 0.0
    for batch in batches:
        feed = dict(zip([words, targets] + before, [*batch, *state]))
        found, state = loaded.session.run([loss, after], feed)
        total += float(found)
    return perplexity.of(total / len(batches))


def _original(experiment, weights):
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
    command_line.add_restore(parser, required=False)
    parser.add_argument("--data_path", help="the text of that model")
    reporting.add_common(parser, repeats=5)
    flags = parser.parse_args(arguments)
    if bool(flags.restore_path) != bool(flags.data_path):
        raise UserError("--restore_path and --data_path belong together: a trained model, and the text it reads.")
    print(origin.machine())
    if flags.restore_path:
        name = os.path.basename(os.path.abspath(flags.restore_path))
        models = {name: (make_trained, flags.restore_path, flags.data_path)}
    else:
        models = {size: (make_untrained, size) for size in flags.sizes}
    for name, (make, *given) in models.items():
        rivals = [measuring.Rival(rival, make, (rival, *given)) for rival in (FULL, ORIGINAL)]
        rows = _measure(name, rivals, flags.repeats)
        reporting.merge(os.path.join(flags.save_path, "full_evaluation.csv"), rows, KEYS)
    return 0


def _measure(model, rivals, repeats):
    """Milliseconds per word that is predicted."""
    found = measuring.measure(rivals, repeats, warm_up=1)
    full = found[0].timing.milliseconds / found[0].facts["words"]
    rows = []
    for each in found:
        words = each.facts["words"]
        middle, low, high = (value / words for value in (each.timing.milliseconds,) + each.timing.quartiles)
        rows.append(
            {
                "tensorflow": tf.version.VERSION,
                "model": model,
                "rival": each.name,
                "milliseconds": round(middle, 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "ratio": round(middle / full, 2),
                "words": words,
                "mended": each.facts["mended"],
                "repeats": repeats,
                "machine": origin.machine(),
            }
        )
    reporting.show(
        [model, "ms per word (quartiles)", "full is faster by", "words", "of them read again"],
        [
            [
                row["rival"],
                "{milliseconds:.4g} ({low:.4g} to {high:.4g})".format(**row),
                "{ratio:.1f}x".format(**row),
                "{words:,}".format(**row),
                "{mended:,}".format(**row),
            ]
            for row in rows
        ],
    )
    return rows


if __name__ == "__main__":
    command.run(main)
