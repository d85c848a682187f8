"""Train a stacked LSTM language model, dense or with intrinsic sparse structures.

    python ptb/train.py --config=ptb/configs/small_iss.json --data_path=DIR --save_path=runs/small_iss

The same command on a run that was interrupted goes on with it.
"""

from ptb import config
from ptb.trainer import TRAINER
from sparse_rnn.training import command
from sparse_rnn.training.language import train


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    experiment = config.load_experiment(
        flags.config,
        flags.model,
        flags.overrides,
        optimizer=flags.optimizer,
        regularizer=flags.regularizer,
        freeze_mode=flags.freeze_mode,
    )
    return train.run(TRAINER, flags, experiment)


def _parse(arguments):
    parser = train.parser(TRAINER, __doc__)
    original = parser.add_argument_group("only with a JSON file of the original code")
    config.add_model_flag(original)
    original.add_argument("--optimizer", help="gd or adam")
    original.add_argument("--regularizer", help="l1_regularizer")
    original.add_argument("--freeze_mode", help="element or group")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)
