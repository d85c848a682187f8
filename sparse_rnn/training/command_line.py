"""The flags that the trainers' commands share."""

import argparse
import sys

from sparse_rnn import names
from sparse_rnn.errors import UserError
from sparse_rnn.training.text import BUILTIN

DATA_HELP = (
    "folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt; or one text file of your own; or "
    "'{}' for the text of Python's documentation topics".format(BUILTIN)
)


def parser(description, epilog=None):
    """An argument parser that prints its text as it is written, and whose errors are sentences like all others."""
    return _Parser(description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)


class _Parser(argparse.ArgumentParser):
    def parse_args(self, args=None, namespace=None):
        flags, unknown = self.parse_known_args(args, namespace)
        for word in unknown:
            raise names.unknown(word.partition("=")[0], self._option_string_actions, "command line", "flag")
        return flags

    def parse_known_args(self, args=None, namespace=None):
        self._given = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message):
        for flag in (word.partition("=")[0] for word in self._given if word.startswith("--")):
            # A flag that is missing may be there under a wrong name, which says more.
            if not any(known.startswith(flag) for known in self._option_string_actions):
                raise names.unknown(flag, self._option_string_actions, "command line", "flag")
        raise UserError("command line: {}; --help says what there is.".format(message))


def add_config(arguments, required):
    """``--config`` and what changes it."""
    arguments.add_argument("--config", required=required, help="JSON file that defines the experiment")
    arguments.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one key of the config, e.g. train.epochs=5, or 'model.hidden_sizes=[100,50]' (the value is JSON); "
        "may be given several times",
    )


def add_data(arguments, what=DATA_HELP):
    """``--data_path``; ``what`` says what it takes."""
    arguments.add_argument("--data_path", required=True, help=what)


def add_restore(arguments, required, purpose="the trained model", short=()):
    """``--restore_path``; ``short`` are further names that mean the same."""
    arguments.add_argument(
        "--restore_path",
        *short,
        required=required,
        help=purpose + ": a run directory, or a checkpoint prefix together with --config",
    )


def add_device(arguments):
    """``--device``."""
    arguments.add_argument(
        "--device", type=_device, help="TensorFlow device such as /cpu:0 or /gpu:1; by default a GPU if there is one"
    )


def at_least_one(text):
    """The type of a flag that takes a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("'{}' is no whole number of at least 1".format(text))
    return int(text)


def _device(text):
    from sparse_rnn.compat import tf  # here, so that commands without a device start without TensorFlow

    try:
        tf.DeviceSpec.from_string(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("'{}' is no TensorFlow device; an example is /gpu:0".format(text)) from error
    return text
