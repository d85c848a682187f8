"""A model before and after its dead units are cut out: the same answers, and how much faster."""

import itertools
from dataclasses import dataclass
from typing import Dict, Tuple

from bidaf import evaluation
from sparse_rnn.compat import float32_products
from sparse_rnn.training import removal, timing


@dataclass(frozen=True)
class Comparison(removal.Figures):
    """Figures before and after removal; ``batch`` is (questions, words of the context, words of the question).

    Attributes:
      metrics: ``{"exact match": (before, after), "F1": (before, after)}`` of the dev questions.
      differing: number of answers that are not the same text.
      questions: number of questions.
      score_difference: largest ``|before - after|`` over the scores of all words to begin or end an answer.
    """

    metrics: Dict[str, Tuple[float, float]]
    differing: int
    questions: int
    score_difference: float


def compare(before, after, split, batches):
    """Let both models answer.

    Args:
      before, after: :class:`bidaf.evaluation.Reader`.
      split: the questions.
      batches: the Batches of them, those of evaluation.

    Raises:
      UserError: the two are not the same function.
    """
    with float32_products():
        read = [list(map(each.scores, batches)) for each in (before, after)]
    difference = removal.largest_difference(*map(evaluation.real_scores, read), "score")
    found = [_answers(split, batches, each, before.options.no_answer) for each in read]
    scores = [evaluation.score_of(split, each) for each in found]
    middle = batches.at(len(batches) // 2)
    return Comparison(
        metrics={
            "exact match": tuple(score.exact_match for score in scores),
            "F1": tuple(score.f1 for score in scores),
        },
        differing=sum(one.text != other.text for one, other in zip(*found)),
        questions=len(found[0]),
        score_difference=difference,
        timings=tuple(timing.interleaved([lambda each=each: each.run(middle) for each in (before, after)])),
        batch=middle.context.shape + middle.question.shape[1:],
    )


def _answers(split, batches, read, no_answer):
    each_batch = (evaluation.from_scores(split, batch, [scores], no_answer) for batch, scores in zip(batches, read))
    return list(itertools.chain.from_iterable(each_batch))
