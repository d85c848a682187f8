"""Stands in for ptb/train.py: writes the run directory of its arguments in a moment, and trains nothing.

A file in the folder of the data, called after the run with the ending ``fail``, ``wait`` or ``talk``, says what
becomes of it.
"""

import argparse
import os
import signal
import sys
import time

from ptb import config, variables
from sparse_rnn import files
from sparse_rnn.training.config import to_dict
from sparse_rnn.training.metrics import Metrics

#: Words that the counts of weights go by.
VOCABULARY = 31


class Process:
    """What :class:`subprocess.Popen` would be of this file, done at once and without a process."""

    def __init__(self, arguments, env, **streams):
        self.returncode = main(arguments[2:], env) or 0

    def poll(self):
        return self.returncode


def main(arguments, environment):
    """Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", action="append", default=[])
    for flag in ("--config", "--data_path", "--save_path", "--restore_path"):
        parser.add_argument(flag)
    flags = parser.parse_args(arguments)
    experiment = config.load_experiment(flags.config, None, flags.set)
    files.make_folder(flags.save_path)
    described = {"command": arguments, "versions": {}, "machine": "a machine", "restored_from": flags.restore_path}
    write(flags, "config.json", to_dict(experiment))
    write(flags, "origin.json", dict(described, threads=environment.get("TF_NUM_INTRAOP_THREADS")))
    metrics, kept = Metrics(os.path.join(flags.save_path, "metrics.csv")), kept_units(experiment)
    for epoch in range(len(metrics.rows), experiment.train.epochs):
        row = {"units/{}/kept".format(name): units for name, units in kept.items()}
        metrics.append(dict(row, epoch=epoch + 1, valid_perplexity=valid(experiment) + 9))
        mark = os.path.join(flags.data_path, os.path.basename(flags.save_path))
        if os.path.exists(mark + ".fail"):
            return 7
        if os.path.exists(mark + ".talk"):
            print("a warning\n" * 20000 + "error: the last word.", file=sys.stderr)
            return 2
        if os.path.exists(mark + ".wait"):
            wait(mark)
    write(flags, "report.json", report(experiment, kept))


def kept_units(experiment):
    """A unit of each layer less for each thousandth of the strength."""
    model = experiment.model
    lost = sum(round(1000 * penalty.strength) for penalty in experiment.sparsity.penalties)
    sizes = {"lstm_{}".format(layer): size - lost for layer, size in enumerate(model.hidden_sizes)}
    return dict(sizes, embedding=model.embedding_size)


def valid(experiment):
    """Best at a strength of 0.002; worse with another seed."""
    strengths = [penalty.strength for penalty in experiment.sparsity.penalties] or [0.0]
    return 100 + abs(strengths[0] - 0.002) * 1000 + experiment.train.seed / 8


def report(experiment, kept):
    """What is read of a report.json."""
    shapes = variables.shapes(experiment.model, VOCABULARY)
    return {
        "groups": [{"name": name, "kept": units} for name, units in kept.items()],
        "perplexity": {
            split: {"batched": valid(experiment), "full": valid(experiment) - 1} for split in ("valid", "test")
        },
        "variables": [{"name": name, "elements": 0.25} for name in shapes],
        "weights": sum(rows * (columns or [1])[0] for rows, *columns in shapes.values()),
        "weights_after": 10 * sum(kept.values()),
        "multiply_adds_after": 8 * sum(kept.values()),
    }


def wait(mark):
    """Until a SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    files.write_text(mark + ".waits", "")
    time.sleep(60)


def write(flags, name, value):
    """A JSON file of the run."""
    files.write_json(os.path.join(flags.save_path, name), value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
