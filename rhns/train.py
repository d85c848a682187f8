"""Train a recurrent highway network as a language model, dense or with intrinsic sparse structures.

    python rhns/train.py --config=rhns/configs/ptb_iss_sota.json --data_path=DIR --save_path=runs/ptb_iss

The same command on a run that was interrupted goes on with it.
"""

from rhns import config
from rhns.trainer import TRAINER
from sparse_rnn.training import command
from sparse_rnn.training.language import train


def main(arguments):
    """Run the command; returns the exit code."""
    flags = train.parser(TRAINER, __doc__).parse_args(arguments)
    return train.run(TRAINER, flags, config.load_experiment(flags.config, flags.overrides))


if __name__ == "__main__":
    command.run(main)
