"""Cut the dead units out of a trained highway network, prove that nothing changed, and time it.

    python rhns/compact.py --restore_path=runs/ptb_iss --data_path=DIR --save_path=runs/ptb_iss_compact

The small model is a run directory like any other: evaluate it, fine-tune it with --restore_path, compact it again.
"""

from rhns import config
from rhns.trainer import TRAINER
from sparse_rnn.training import command, command_line
from sparse_rnn.training.language import compact


def main(arguments):
    """Run the command; returns the exit code."""
    parser = command_line.parser(__doc__)
    compact.add_flags(TRAINER, parser)
    flags = parser.parse_args(arguments)
    return compact.run(TRAINER, flags, config.from_flags(flags))


if __name__ == "__main__":
    command.run(main)
