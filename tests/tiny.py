"""A text of a few words, a model of a dozen units, and runs that take a second."""

import contextlib
import json
import os
import random

import pytest

from sparse_rnn import checkpoints
from sparse_rnn.training.metrics import Metrics, is_time

#: Dropout, Adam, a penalty that zeroes weights and units, and a checkpoint after every step.
CONFIG = {
    "model": {"hidden_sizes": [7, 5], "embedding_size": 6, "keep_prob": 0.8, "init_scale": 0.3},
    "train": {
        "epochs": 2,
        "batch_size": 4,
        "num_steps": 3,
        "optimizer": "adam",
        "learning_rate": 0.06,
        "checkpoint_minutes": 1e-6,
    },
    "sparsity": {
        "penalties": [{"kind": "units", "strength": 0.004, "groups": ["lstm_0", "lstm_1"]}],
        "threshold": 0.02,
    },
}
STEPS_PER_EPOCH = 34


def write_text(folder, lines=(60, 12, 12), words=9, seed=5):
    """A folder with train.txt, valid.txt and test.txt in which most words follow from the one before."""
    chance = random.Random(seed)
    os.makedirs(str(folder), exist_ok=True)
    for split, count in zip(("train", "valid", "test"), lines):
        with open(os.path.join(str(folder), split + ".txt"), "w") as file:
            word = 0
            for _ in range(count):
                sentence = []
                for _ in range(6):
                    word = (2 * word + 1 + (chance.random() < 0.3)) % words
                    sentence.append("w{}".format(word))
                file.write(" ".join(sentence) + "\n")
    return str(folder)


@contextlib.contextmanager
def without_figures():
    """No run draws figures at its end, which take longer than all the rest."""
    from sparse_rnn import plots  # which imports matplotlib

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "all_figures", lambda *arguments: [])
        yield


def write_config(path, tree=None):
    path = str(path)
    with open(path, "w") as file:
        json.dump(CONFIG if tree is None else tree, file)
    return path


def table(run):
    """The rows of a run's metrics.csv without the columns that depend on the clock."""
    rows = Metrics(os.path.join(str(run), "metrics.csv")).rows
    return [{name: value for name, value in row.items() if not is_time(name)} for row in rows]


def weights(run, which=""):
    """Every array in the newest checkpoint of a run."""
    arrays = checkpoints.read(os.path.join(str(run), which))
    return {name: array for name, array in arrays.items() if name != "Train/totals/seconds"}


def same_weights(one, other):
    """Whether two checkpoints hold the same bits."""
    return sorted(one) == sorted(other) and all(
        one[name].tobytes() == other[name].tobytes() and one[name].dtype == other[name].dtype for name in one
    )


def contents(folder):
    """``{path: (bytes, time of change)}`` of every file below a folder."""
    found = {}
    for root, _, names in os.walk(str(folder)):
        for name in names:
            path = os.path.join(root, name)
            with open(path, "rb") as file:
                found[path] = (file.read(), os.stat(path).st_mtime_ns)
    return found


def arguments(run, text, *overrides, **flags):
    """What to call a trainer with; CONFIG is written beside the run."""
    config = flags.pop("config", None) or write_config(str(run) + ".json")
    flags = dict({"config": config, "data_path": text, "save_path": run}, **flags)
    return ["--{}={}".format(name, value) for name, value in flags.items()] + ["--set=" + text for text in overrides]
