"""How much faster is a training step once dead units are cut out, and what does the cut itself cost?

    python benchmarks/shrink.py [--questions=large,epochs] [--history=results/ptb_small_iss/metrics.csv] [--repeats=15]

Large: the trainer's step at (1500, 1500) whose units are made dead down to (373, 315), the paper's sizes, before and
after the cut that ``sparsity.compact_every_epochs`` makes. Epochs: the step of ``small`` with ISS at the sizes
that each epoch of a run with a cut per epoch would have, going by the kept units in the metrics.csv of a run; an epoch
trains at the sizes that the one before has left. Adds to results/benchmarks/shrink.csv.
"""

import os
import tempfile
import time

import language_model
import measuring
import numpy as np
import reporting

from ptb import variables
from ptb.trainer import TRAINER
from sparse_rnn import groups
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line, origin, shrinking
from sparse_rnn.training.language import restoring, train
from sparse_rnn.training.metrics import Metrics
from sparse_rnn.training.run_directory import RunDirectory

QUESTIONS = ("large", "epochs")
KEYS = ("tensorflow", "question", "case")
#: The paper's table 1.
LEFT = {"lstm_0": 373, "lstm_1": 315}
FULL = {"lstm_0": 1500, "lstm_1": 1500}
#: Steps of an epoch of the Penn Treebank at the batch and length of ``small``.
STEPS_PER_EPOCH = 2323


def make_large(is_cut):
    """The step of the large model with dead units, or of what the cut leaves of it, in its own process."""
    with tempfile.TemporaryDirectory() as folder, RunDirectory(folder, {}, {}) as run:
        made, built = _built("large")
        built.begin(run)
        built.load(_with_dead_units(built))
        facts = {"seconds": 0.0, "difference": 0.0}
        if is_cut:
            before, begun = built, time.perf_counter()
            built, facts["difference"] = made.without_dead_units(before, run)
            facts["seconds"] = time.perf_counter() - begun
            before.close()
    return {"step": _step(built)}, facts


def make_epochs(sizes):
    """The step of the small model at each of ``sizes``, ``{case: {group: units}}``, in one process."""
    steps, (made, first) = {}, _built("small")
    with tempfile.TemporaryDirectory() as folder, RunDirectory(folder, {}, {}) as run:
        for case, units in sizes.items():
            built = made.built_at(dict(first.sizes(), **units))
            built.begin(run)
            steps[case] = _step(built)
    return steps


def main(arguments):
    """Measure, print, write; returns the exit code."""
    parser = command_line.parser(__doc__)
    reporting.add_choices(parser, "--questions", QUESTIONS)
    history = os.path.join(os.path.dirname(reporting.FOLDER), "ptb_small_iss", "metrics.csv")
    parser.add_argument("--history", default=history, help="metrics.csv of a run with ISS")
    reporting.add_common(parser, repeats=15)
    flags = parser.parse_args(arguments)
    print(origin.machine())
    for question in flags.questions:
        rows = {"large": _large, "epochs": _epochs}[question](flags)
        reporting.merge(os.path.join(flags.save_path, "shrink.csv"), rows, KEYS)
    return 0


def _built(size):
    experiment = language_model.experiment(size, (language_model.ISS, "sparsity.compact_every_epochs=1"))
    corpus = language_model.corpus()
    made = shrinking.Shrinking(
        lambda sizes: train.build(TRAINER, restoring.resized(TRAINER, experiment, sizes), corpus), 1, None
    )
    return made, made.built_at({})


def _with_dead_units(built):
    """The model's weights with zeros in all that penalties act on of the units that are to go."""
    arrays, chance = built.weights(), np.random.RandomState(2)
    for group in built.task.structure:
        gone = chance.permutation(group.size)[LEFT.get(group.name, group.size) :]
        for part in group.select(groups.PENALISED):
            np.moveaxis(arrays[part.variable], part.axis, 0)[part.start + gone] = 0.0
    return arrays


def _step(built):
    task = built.task
    feed = task.feed(0)
    feed[task.step.learning_rate] = 0.1
    return lambda: built.session.run([task.step.run, task.step.finite], feed)


def _large(flags):
    cases = {_case(FULL): False, _case(LEFT): True}
    rivals = [measuring.Rival(case, make_large, (is_cut,)) for case, is_cut in cases.items()]
    rows = [
        _row("large", each.name, each.timing, flags.repeats, each.facts["seconds"], each.facts["difference"])
        for each in measuring.measure(rivals, flags.repeats)
    ]
    _show("large, ISS", rows)
    return rows


def _epochs(flags):
    first, trained = _sizes_of(flags.history)
    sizes = {_case(units): units for units in [first] + trained}
    measured = measuring.measure([measuring.Rival("small", make_epochs, (sizes,))], flags.repeats)
    rows = [_row("epochs", each.case, each.timing, flags.repeats) for each in measured]
    _show("small, ISS", rows)
    milliseconds = {row["case"]: row["milliseconds"] for row in rows}
    with_cuts = sum(milliseconds[_case(units)] for units in trained) * STEPS_PER_EPOCH / 1000
    without = milliseconds[_case(first)] * len(trained) * STEPS_PER_EPOCH / 1000
    print(
        "{} epochs of {:,} steps: {:,.0f} s without cuts, {:,.0f} s with them: {:.2f}x".format(
            len(trained), STEPS_PER_EPOCH, without, with_cuts, without / with_cuts
        )
    )
    return rows


def _sizes_of(history):
    """The sizes that a run began with, and those that each of its epochs would have trained at with a cut per epoch."""
    rows = Metrics(history).rows
    names = [name for name in variables.all_groups(len(LEFT)) if name in LEFT]
    needed = ["units/{}/{}".format(name, column) for name in names for column in ("size", "kept")]
    if not rows or not all(column in rows[0] for column in needed):
        raise UserError(
            "--history: '{}' is no table of epochs with the units of {}; give the metrics.csv of a run of "
            "ptb/train.py.".format(history, " and ".join(names))
        )
    first = {name: rows[0]["units/{}/size".format(name)] for name in names}
    left = [first]
    for row in rows[:-1]:
        left.append({name: min(left[-1][name], row["units/{}/kept".format(name)]) for name in names})
    return first, left


def _case(units):
    return "({}, {})".format(units["lstm_0"], units["lstm_1"])


def _row(question, case, timing, repeats, cut_seconds=0.0, difference=0.0):
    return {
        "tensorflow": tf.version.VERSION,
        "question": question,
        "case": case,
        "milliseconds": round(timing.milliseconds, 2),
        "low": round(timing.quartiles[0], 2),
        "high": round(timing.quartiles[1], 2),
        "repeats": repeats,
        "cut_seconds": round(cut_seconds, 1),
        "logit_difference": "{:.2g}".format(difference),
        "machine": origin.machine(),
    }


def _show(title, rows):
    reporting.show(
        [title, "ms per step (quartiles)", "faster by", "seconds of the cut", "largest |logit difference|"],
        [
            [
                row["case"],
                "{milliseconds:,.1f} ({low:,.1f} to {high:,.1f})".format(**row),
                "{:.2f}x".format(rows[0]["milliseconds"] / row["milliseconds"]),
                str(row["cut_seconds"]),
                row["logit_difference"],
            ]
            for row in rows
        ],
    )


if __name__ == "__main__":
    command.run(main)
