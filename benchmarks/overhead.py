"""What do penalty, zeroing and counting add to a dense training step?

    python benchmarks/overhead.py [--sizes=small,medium,large] [--processes=3] [--repeats=9]

The trainer's own steps, dense and with each part of the machinery alone and together, take turns on the same weights in
one process: where a process's memory lies changes a step by more than the machinery does. So every process gives
ratios of its own, and the median of several counts. Counting the kept units happens once per epoch; its
time is divided by the steps of an epoch of the Penn Treebank. Adds to results/benchmarks/overhead.csv.
"""

import functools
import os

import language_model
import measuring
import numpy as np
import reporting

from ptb import model
from ptb.trainer import TRAINER
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


def make_steps(size):
    """Every kind of the trainer's step, on the same weights."""
    import training_steps

    def build(_, corpus):
        runs = []
        for settings in STEPS.values():
            with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
                runs += training_steps.run_of(TRAINER, language_model.experiment(size, settings), corpus)
        return runs

    experiment = language_model.experiment(size)
    steps = training_steps.GraphStep(
        build, experiment, language_model.corpus(), language_model.arrays(experiment.model)
    )
    return {kind: functools.partial(steps.run, index) for index, kind in enumerate(STEPS)}


def make_counting(size):
    """What an epoch's end does to count the kept units, without reading the weights from the session."""
    options = language_model.experiment(size).model
    arrays, structure = language_model.arrays(options), model.structure(options)
    return {"step": lambda: sparsity.report(arrays, structure)}


def main(arguments):
    """Measure, print, write; returns the exit code."""
    parser = command_line.parser(__doc__)
    reporting.add_choices(parser, "--sizes", language_model.SIZES)
    parser.add_argument(
        "--processes",
        type=command_line.at_least_one,
        default=3,
        help="each with weights of its own (default: %(default)s)",
    )
    reporting.add_common(parser, repeats=9)
    flags = parser.parse_args(arguments)
    print(origin.machine())
    for size in flags.sizes:
        rows = _steps(size, flags.processes, flags.repeats)
        reporting.merge(os.path.join(flags.save_path, "overhead.csv"), rows, KEYS)
    return 0


def _steps(size, processes, repeats):
    train = language_model.experiment(size).train
    rivals = [measuring.Rival("process {}".format(number + 1), make_steps, (size,)) for number in range(processes)]
    found = {kind: [] for kind in STEPS}
    for each in measuring.measure(rivals, repeats):
        found[each.case].append(each.timing.milliseconds)
    (counting,) = measuring.measure([measuring.Rival(COUNTING, make_counting, (size,))], repeats)
    per_step = counting.timing.milliseconds / (EPOCH_WORDS // (train.batch_size * train.num_steps))
    dense = np.array(found["dense"])
    added = {kind: np.array(milliseconds) - dense for kind, milliseconds in found.items()}
    added[COUNTING] = np.full(processes, per_step)
    added[TOGETHER] = added["+ penalty, zeroing"] + per_step
    rows = [_row(size, kind, dense, more, repeats) for kind, more in added.items()]
    reporting.show(
        [size, "ms per step", "added to dense (least and most of {} processes)".format(processes)],
        [
            [
                row["rival"],
                "{milliseconds:,.2f}".format(**row),
                "{ratio:.2%} ({least:.2%} to {most:.2%})".format(**row),
            ]
            for row in rows
        ],
    )
    return rows


def _row(size, rival, dense, more, repeats):
    ratios = more / dense
    return {
        "tensorflow": tf.version.VERSION,
        "size": size,
        "rival": rival,
        "milliseconds": round(float(np.median(dense + more)), 4),
        "ratio": round(float(np.median(ratios)), 4),
        "least": round(float(min(ratios)), 4),
        "most": round(float(max(ratios)), 4),
        "processes": len(dense),
        "repeats": repeats,
        "machine": origin.machine(),
    }


if __name__ == "__main__":
    command.run(main)
