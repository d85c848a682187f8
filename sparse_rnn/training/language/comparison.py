"""A model before and after its dead units are cut out: the same function, and how much faster."""

from dataclasses import dataclass
from typing import Dict

from sparse_rnn.training import removal, timing
from sparse_rnn.training.language import evaluation

#: Batches of real text on which the logits are compared.
COMPARED_BATCHES = 50


@dataclass(frozen=True)
class Comparison(removal.Figures):
    """Figures before and after removal; ``batch`` is (sequences, steps).

    Attributes:
      perplexity: ``{split: (before, after)}`` in the ``full`` style.
      logit_difference: largest ``|before - after|`` over all logits of ``compared_words`` words of text.
      compared_words: number of them.
      unit: what they are, "word" or "character".
    """

    perplexity: Dict[str, tuple]
    logit_difference: float
    compared_words: int
    unit: str


def compare(before, after, train, corpus):
    """Run both models over real text.

    Args:
      before, after: LoadedLanguageModels of the same vocabulary.
      train: the train section of the config, for batch and steps.
      corpus: the text; the validation part is what logits are compared on.

    Raises:
      UserError: the two are not the same function.
    """
    batches = evaluation.batches_of(corpus.valid, "batched", train, "validation")[:COMPARED_BATCHES]
    difference = removal.largest_difference(
        *(each.evaluation("batched").scores(each.session, batches) for each in (before, after)), "logit"
    )
    perplexity = {
        split: tuple(each.perplexity(ids, "full", split) for each in (before, after))
        for split, ids in (("valid", corpus.valid), ("test", corpus.test))
    }
    return Comparison(
        timings=tuple(timing.interleaved([one_batch(each, batches[0]) for each in (before, after)])),
        batch=(train.batch_size, train.num_steps),
        perplexity=perplexity,
        logit_difference=difference,
        compared_words=sum(targets.size for _, targets in batches),
        unit=corpus.unit,
    )


def one_batch(loaded, batch):
    """A function that runs a LoadedLanguageModel over one batch (words, targets), for timing."""
    graph = loaded.evaluation("batched")
    # The operation, not its output: handing the logits to Python is no part of the model.
    return lambda: loaded.session.run(graph.logits.op, graph.feed(*batch))
