"""Perplexity of a trained model; evaluation never changes a weight.

python ptb/evaluate.py --restore_path=runs/small_iss --data_path=DIR
python ptb/evaluate.py --restore_path=old/model.ckpt-55 --config=ptb/configs/large.json --data_path=DIR
"""

from ptb import config
from ptb.trainer import TRAINER
from sparse_rnn.training import command, command_line
from sparse_rnn.training.language import evaluate


def main(arguments):
    """Run the command; returns the exit code."""
    parser = command_line.parser(__doc__)
    evaluate.add_flags(TRAINER, parser)
    config.add_model_flag(parser)
    flags = parser.parse_args(arguments)
    return evaluate.run(TRAINER, flags, config.from_flags(flags))


if __name__ == "__main__":
    command.run(main)
