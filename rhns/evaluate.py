"""Perplexity of a trained highway network; evaluation never changes a weight.

python rhns/evaluate.py --restore_path=runs/ptb_iss --data_path=DIR
python rhns/evaluate.py --restore_path=runs/ptb_iss --data_path=DIR --splits test --mc_samples=10
python rhns/evaluate.py --restore_path=old/best_model.ckpt --config=rhns/configs/ptb_sota.json --data_path=DIR
"""

from rhns import config, monte_carlo
from rhns.trainer import TRAINER
from sparse_rnn.errors import UserError
from sparse_rnn.training import command, command_line
from sparse_rnn.training.language import evaluate
from sparse_rnn.training.language import perplexity as perplexities


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    return evaluate.run(TRAINER, flags, config.from_flags(flags), lambda *given: _sampled(flags, *given))


def _sampled(flags, loaded, corpus):
    """Print the perplexities by Monte-Carlo dropout that the flags ask for."""
    if not flags.mc_samples:
        return
    for split in flags.splits:
        for style in flags.styles:
            found, used = monte_carlo.perplexity(
                loaded,
                getattr(corpus, split),
                style,
                split,
                flags.mc_samples,
                flags.mc_seed,
                lambda sentence: print(sentence, flush=True),
            )
            told = perplexities.told(corpus.unit, found)
            print("{} {} {}, mean of {} of {} samples".format(split, told, style, used, flags.mc_samples), flush=True)


def _parse(arguments):
    parser = command_line.parser(__doc__)
    evaluate.add_flags(TRAINER, parser)
    parser.add_argument(
        "--mc_samples", type=int, default=0, help="also by Monte-Carlo dropout, with this many samples (default: 0)"
    )
    parser.add_argument("--mc_seed", type=int, default=1, help="decides the masks of the samples (default: 1)")
    flags = parser.parse_args(arguments)
    for flag in ("mc_samples", "mc_seed"):
        if not 0 <= getattr(flags, flag) < 2**31:
            raise UserError("--{} is {}; it must be from 0 to 2147483647.".format(flag, getattr(flags, flag)))
    return flags


if __name__ == "__main__":
    command.run(main)
