"""How many words per second does a training step of a language model read, here and with what else one would pick?

    python benchmarks/train_step.py [--sizes=small,medium,large,highway_200,highway_830] [--kinds=dense,iss]
                                    [--rivals=...] [--repeats=9]

Prints a table and adds to results/benchmarks/train_step.csv, so a long run can be made in parts and on both
TensorFlows. PyTorch is left out where it is not installed.
"""

import os

import highway_steps
import language_model
import measuring
import reporting
import training_steps

from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line, origin

RIVALS = {
    "ours": "ours",
    "unrolled cell": "unrolled_cell",
    "unrolled cell without oneDNN": "unrolled_cell",
    "unrolled cell without memory pool": "unrolled_cell",
    "BlockLSTM": "block_lstm",
    "PyTorch": "PyTorch",
}
#: What `sparse_rnn.compat` asks for, switched off.
ENVIRONMENTS = {
    "unrolled cell without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "unrolled cell without memory pool": {"TF_CPU_ALLOCATOR_USE_BFC": "0"},
}
#: The TensorFlow on which that is another thing.
ONLY_ON = {"unrolled cell without oneDNN": "2.", "unrolled cell without memory pool": "1."}
KINDS = {"dense": (), "iss": (language_model.ISS,)}
HIGHWAY_KINDS = {"dense": (), "iss": (highway_steps.ISS,)}
SIZES = language_model.SIZES + tuple(highway_steps.SIZES)
KEYS = ("tensorflow", "size", "kind", "rival")


def make(rival, size, kind):
    """A rival's step, in its own process."""
    if not tf.version.VERSION.startswith(ONLY_ON.get(rival, "")):
        raise UserError("on TensorFlow {} it is the plain unrolled cell.".format(tf.version.VERSION))
    if size in highway_steps.SIZES:
        from rhns import variables

        experiment = highway_steps.experiment(size, HIGHWAY_KINDS[kind])
        arrays = language_model.arrays(experiment.model, shapes_of=variables.shapes)
        step = highway_steps.make(RIVALS[rival], experiment, language_model.corpus(), arrays)
    else:
        experiment = language_model.experiment(size, KINDS[kind])
        arrays = language_model.arrays(experiment.model)
        step = getattr(training_steps, RIVALS[rival])(experiment, language_model.corpus(), arrays)
    return {"step": step}, {"operations": step.operations}


def main(arguments):
    """Measure, print, write; returns the exit code."""
    parser = command_line.parser(__doc__)
    reporting.add_choices(parser, "--sizes", SIZES)
    reporting.add_choices(parser, "--kinds", KINDS)
    reporting.add_choices(parser, "--rivals", RIVALS)
    reporting.add_common(parser, repeats=9)
    flags = parser.parse_args(arguments)
    print(origin.machine())
    for size in flags.sizes:
        for kind in flags.kinds:
            _measure(flags, size, kind)
    return 0


def _measure(flags, size, kind):
    train = (highway_steps if size in highway_steps.SIZES else language_model).experiment(size).train
    words = train.batch_size * train.num_steps
    rivals = [measuring.Rival(rival, make, (rival, size, kind), ENVIRONMENTS.get(rival, {})) for rival in flags.rivals]
    rows = []
    for found in measuring.measure(rivals, flags.repeats):
        low, high = found.timing.quartiles
        rows.append(
            {
                "tensorflow": tf.version.VERSION,
                "size": size,
                "kind": kind,
                "rival": found.name,
                "milliseconds": round(found.timing.milliseconds, 2),
                "low": round(low, 2),
                "high": round(high, 2),
                "repeats": flags.repeats,
                "words_per_second": round(1000 * words / found.timing.milliseconds),
                "first_step_seconds": round(found.facts["first_seconds"], 1),
                "operations": found.facts["operations"] or "",
                "machine": origin.machine(),
            }
        )
    path = os.path.join(flags.save_path, "train_step.csv")
    everything = reporting.merge(path, rows, KEYS)
    _show(size, kind, rows)
    _draw(flags.save_path, everything)


def _show(size, kind, rows):
    base = next((row["milliseconds"] for row in rows if row["rival"] == "ours"), None)
    header = [
        size + ", " + kind,
        "ms per step (quartiles)",
        "words/s",
        "ours is faster by",
        "first step, s",
        "operations",
    ]
    reporting.show(
        header,
        [
            [
                row["rival"],
                "{milliseconds:,.1f} ({low:,.1f} to {high:,.1f})".format(**row),
                "{words_per_second:,}".format(**row),
                "{:.2f}x".format(row["milliseconds"] / base) if base else "",
                str(row["first_step_seconds"]),
                str(row["operations"]),
            ]
            for row in rows
        ],
    )


def _draw(folder, rows):
    for version in sorted({row["tensorflow"] for row in rows}):
        panels = {}
        for row in sorted(rows, key=lambda row: (list(KINDS).index(row["kind"]), SIZES.index(row["size"]))):
            if row["tensorflow"] == version:
                words = float(row["words_per_second"]) * float(row["milliseconds"])
                spread = (words / float(row["milliseconds"]), words / float(row["high"]), words / float(row["low"]))
                panels.setdefault("{size}, {kind}".format(**row), {})[row["rival"]] = spread
        title = "Training: words per second, TensorFlow {}".format(version)
        reporting.bars(os.path.join(folder, "train_step_{}.png".format(version)), title, panels, "words per second")


if __name__ == "__main__":
    command.run(main)
