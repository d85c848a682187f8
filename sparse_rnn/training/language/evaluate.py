"""The command that says a trained model's perplexity; evaluation never changes a weight."""

from sparse_rnn import sparsity
from sparse_rnn.training.language import evaluation, perplexity, restoring


def add_flags(trainer, parser):
    """The flags of the command."""
    restoring.add_flags(trainer, parser)
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


def run(trainer, flags, experiment, further=lambda loaded, corpus: None):
    """Evaluate, print, and return the exit code.

    Args:
      trainer: the Trainer.
      flags: those of :func:`add_flags`.
      experiment: that of ``--config``; None without one.
      further: called with the LoadedLanguageModel and the corpus, for what one trainer alone evaluates.
    """
    restored = restoring.from_flags(trainer, flags, experiment)
    corpus = restoring.corpus_for(restored, flags.data_path)
    print("\n".join(["checkpoint {}".format(restored.checkpoint)] + corpus.unknown_sentences()), flush=True)
    loaded = evaluation.LoadedLanguageModel(trainer, restored.experiment, restored.arrays, flags.device)
    for split in flags.splits:
        for style in flags.styles:
            found = loaded.perplexity(getattr(corpus, split), style, split)
            print("{} {} {}".format(split, perplexity.told(corpus.unit, found), style), flush=True)
    further(loaded, corpus)
    print()
    print(sparsity.report(restored.arrays, restored.structure))
    return 0
