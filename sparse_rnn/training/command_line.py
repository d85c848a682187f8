"""The flags that the trainers' commands share."""

import argparse

from sparse_rnn.training.text import BUILTIN


def parser(description, epilog=None):
    """An argument parser that prints its text as it is written."""
    return argparse.ArgumentParser(
        description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_config(arguments, required):
    """``--config`` and what changes it."""
    arguments.add_argument("--config", required=required, help="JSON file that defines the experiment")
    arguments.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one key of the config, e.g. train.epochs=5 or sparsity.penalties.0.strength=0.002",
    )


def add_data(arguments):
    """``--data_path``."""
    arguments.add_argument(
        "--data_path",
        required=True,
        help="folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt; or one text file of your own; or "
        "'{}' for the text of Python's documentation topics".format(BUILTIN),
    )


def add_restore(arguments, required):
    """``--restore_path``."""
    arguments.add_argument(
        "--restore_path",
        required=required,
        help="run directory, or checkpoint prefix together with --config",
    )


def add_device(arguments):
    """``--device``."""
    arguments.add_argument(
        "--device", help="TensorFlow device such as /cpu:0 or /gpu:1; by default a GPU if there is one"
    )
