"""How long a row would train on this machine, from a few steps that nothing is kept of."""

import json
import tempfile
import time

import numpy as np

from sparse_rnn.training import schedules
from sparse_rnn.training.built import Built
from sparse_rnn.training.config import to_dict
from sparse_rnn.training.run_directory import RunDirectory

#: Steps that are measured, after one that is not.
STEPS = 3


class Estimates:
    """Seconds of training steps; rows whose steps do the same work are measured once.

    Args:
      kind: what is to be known of the trainer, see :mod:`paper.kinds`.
      data_path: what is trained on.
    """

    def __init__(self, kind, data_path):
        self._kind, self._data_path, self._found = kind, data_path, {}

    def seconds(self, experiment, epochs):
        """Of ``epochs`` epochs' steps; evaluation is not in it, nor what is saved as units die."""
        key = _work(experiment)
        if key not in self._found:
            self._found[key] = self._measured(experiment)
        per_step, steps_per_epoch = self._found[key]
        return per_step * steps_per_epoch * epochs

    def _measured(self, experiment):
        built = Built(lambda: self._kind.task(experiment, self._data_path), None)
        task, seconds = built.task, []
        with tempfile.TemporaryDirectory() as folder, RunDirectory(folder, {}, {}) as run:
            built.begin(run)
            for step in range(1 + STEPS):
                feed = dict(task.feed(step))
                feed[task.step.learning_rate] = schedules.learning_rate(experiment.train, 0)
                begun = time.perf_counter()
                built.session.run([task.step.run, task.step.finite], feed)
                seconds.append(time.perf_counter() - begun)
            built.close()
        return float(np.median(seconds[1:])), task.steps_per_epoch


def _work(experiment):
    """What the time of a step depends on: everything but the description, the seed, and how strong penalties are."""
    tree = to_dict(experiment)
    tree.update(description="", train=dict(tree["train"], seed=0))
    for penalty in tree["sparsity"]["penalties"]:
        penalty["strength"] = 0.0
    return json.dumps(tree)
