"""What do penalty, zeroing and counting add to a dense training step?

    python benchmarks/overhead.py [--sizes=small,medium,large] [--repeats=15]

The trainer's own graph, dense and with each part of the machinery alone and together. Counting the kept units happens
once per epoch; its time is divided by the steps of an epoch of the Penn Treebank. Adds to
results/benchmarks/overhead.csv.
"""

import os

import language_model
import measuring
import reporting

from ptb import model
from sparse_rnn import sparsity
from sparse_rnn.compat import tf
from sparse_rnn.training import command, command_line, origin

#: Words of the Penn Treebank's training text, which an epoch reads.
EPOCH_WORDS = 929589
#: A penalty of next to nothing switches the threshold on.
_ALMOST_NONE = 'sparsity.penalties=[{"kind": "l1", "strength": 0.0, "variables": ["Model/softmax_b"]}]'
STEPS = {
    "dense": (),
    "+ penalty": (language_model.ISS, "sparsity.threshold=0"),
    "+ zeroing": (_ALMOST_NONE,),
    "+ penalty, zeroing": (language_model.ISS,),
}
COUNTING = "+ counting"
TOGETHER = "+ penalty, zeroing, counting"
KEYS = ("tensorflow", "size", "rival")


def make_step(kind, size):
    """The trainer's step, in its own process."""
    import training_steps

    experiment = language_model.experiment(size, STEPS[kind])
    arrays = language_model.arrays(experiment.model)
    return {"step": training_steps.ours(experiment, language_model.corpus(), arrays)}


def make_counting(size):
    """What an epoch's end does to count the kept units, without reading the weights from the session."""
    options = language_model.experiment(size).model
    arrays, structure = language_model.arrays(options), model.structure(options)
    return {"step": lambda: sparsity.report(arrays, structure)}


def main(arguments):
    """Measure, print, write; returns the exit code."""
    parser = command_line.parser(__doc__)
    reporting.add_choices(parser, "--sizes", language_model.SIZES)
    reporting.add_common(parser, repeats=15)
    flags = parser.parse_args(arguments)
    print(origin.machine())
    for size in flags.sizes:
        reporting.merge(os.path.join(flags.save_path, "overhead.csv"), _steps(size, flags.repeats), KEYS)
    return 0


def _steps(size, repeats):
    train = language_model.experiment(size).train
    rivals = [measuring.Rival(kind, make_step, (kind, size)) for kind in STEPS]
    found = {each.name: each.timing for each in measuring.measure(rivals, repeats)}
    (counting,) = measuring.measure([measuring.Rival(COUNTING, make_counting, (size,))], repeats)
    dense = found["dense"].milliseconds
    per_step = counting.timing.milliseconds / (EPOCH_WORDS // (train.batch_size * train.num_steps))
    added = {kind: timing.milliseconds - dense for kind, timing in found.items()}
    added[COUNTING] = per_step
    added[TOGETHER] = added["+ penalty, zeroing"] + per_step
    rows = []
    for kind, more in added.items():
        low, high = found[kind].quartiles if kind in found else (dense + more, dense + more)
        rows.append(_row(size, kind, repeats, dense + more, low, high, more / dense))
    reporting.show(
        [size, "ms per step (quartiles)", "added to dense"],
        [
            [
                row["rival"],
                "{milliseconds:,.2f} ({low:,.2f} to {high:,.2f})".format(**row),
                "{:.2%}".format(row["ratio"]),
            ]
            for row in rows
        ],
    )
    return rows


def _row(size, rival, repeats, milliseconds, low, high, ratio):
    return {
        "tensorflow": tf.version.VERSION,
        "size": size,
        "rival": rival,
        "milliseconds": round(milliseconds, 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "ratio": round(ratio, 4),
        "repeats": repeats,
        "machine": origin.machine(),
    }


if __name__ == "__main__":
    command.run(main)
