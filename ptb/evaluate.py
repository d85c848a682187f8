"""Perplexity of a trained model; evaluation never changes a weight.

python ptb/evaluate.py --restore_path=runs/small_iss --data_path=DIR
python ptb/evaluate.py --restore_path=old/model.ckpt-55 --config=ptb/configs/large.json --data_path=DIR
"""

from ptb import evaluation, model, restoring
from sparse_rnn import sparsity
from sparse_rnn.training import command, command_line


def main(arguments):
    """Run the command; returns the exit code."""
    flags = _parse(arguments)
    restored = restoring.from_flags(flags)
    corpus = restoring.corpus_for(restored, flags.data_path)
    print("\n".join(["checkpoint {}".format(restored.checkpoint)] + corpus.unknown_sentences()), flush=True)
    experiment = restored.experiment
    loaded = evaluation.LoadedModel(experiment.model, experiment.train, restored.arrays, flags.device)
    for split in flags.splits:
        for style in flags.styles:
            perplexity = loaded.perplexity(getattr(corpus, split), style, split)
            print("{} perplexity {:.4f} {}".format(split, perplexity, style), flush=True)
    print()
    print(sparsity.report(restored.arrays, model.structure(experiment.model)))
    return 0


def _parse(arguments):
    parser = command_line.parser(__doc__)
    restoring.add_flags(parser)
    parser.add_argument(
        "--splits", nargs="+", choices=("train", "valid", "test"), default=["valid", "test"], help="default: valid test"
    )
    parser.add_argument(
        "--styles",
        nargs="+",
        choices=evaluation.STYLES,
        default=list(evaluation.STYLES),
        help="batched: with the batch and steps of training, the tail dropped; full: one stream, every word "
        "(default: both)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command.run(main)
