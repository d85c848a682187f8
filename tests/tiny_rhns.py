"""A highway network of a dozen units on the text of tests/tiny.py; a run takes seconds."""

import copy

from tests import tiny

#: Dropout of all four kinds, weight decay, a penalty that zeroes weights and units, a checkpoint after every step.
CONFIG = {
    "model": {
        "hidden_sizes": [7],
        "depth": 2,
        "keep_words": 0.9,
        "keep_inputs": 0.8,
        "keep_states": 0.9,
        "keep_outputs": 0.8,
        "init_scale": 0.3,
        "init_bias": -1.0,
    },
    "train": {
        "epochs": 2,
        "batch_size": 4,
        "num_steps": 3,
        "learning_rate": 0.3,
        "weight_decay": 1e-6,
        "checkpoint_minutes": 1e-6,
    },
    "sparsity": {"penalties": [{"kind": "units", "strength": 0.15, "groups": ["rhn_*"]}], "threshold": 0.02},
}
UNTIED = {"tied": False, "embedding_size": 5}


def tree(model=(), **sections):
    """CONFIG with other options of the model, and other sections."""
    made = dict(copy.deepcopy(CONFIG), **sections)
    made["model"].update(model)
    return made


def arguments(run, text, *overrides, **flags):
    """What to call a command of rhns with; CONFIG is written beside the run."""
    flags.setdefault("config", tiny.write_config(str(run) + ".json", CONFIG))
    return tiny.arguments(run, text, *overrides, **flags)
