"""Intrinsic sparse structures in recurrent networks: find units, penalise, zero, and cut them out.

The rooms that need only numpy are imported at once; the rooms that build TensorFlow graphs on
first use, so that ``sparse_rnn.groups`` and its neighbours work where TensorFlow is not installed.
"""

import importlib

from sparse_rnn import compaction, cost, group_files, groups, iss, sparsity
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice, UnitGroup
from sparse_rnn.iss import Consumer

__version__ = "0.1.0"

__all__ = [
    "Consumer",
    "Slice",
    "UnitGroup",
    "UserError",
    "ZeroingHook",
    "checkpoints",
    "compaction",
    "cost",
    "discover",
    "discovery",
    "freezing",
    "group_files",
    "groups",
    "hooks",
    "iss",
    "lstm",
    "plots",
    "regularizers",
    "rhn",
    "sparsity",
    "zeroing",
]

_ON_FIRST_USE = ("checkpoints", "discovery", "freezing", "hooks", "lstm", "plots", "regularizers", "rhn", "zeroing")


def __getattr__(name):
    if name in _ON_FIRST_USE:
        return importlib.import_module("sparse_rnn." + name)
    if name == "ZeroingHook":
        return importlib.import_module("sparse_rnn.hooks").ZeroingHook
    if name == "discover":
        return importlib.import_module("sparse_rnn.discovery").discover
    raise AttributeError("module 'sparse_rnn' has no attribute '{}'".format(name))
