"""What the training loop is told about a trainer's numbers."""

import math
from dataclasses import replace

import pytest

from sparse_rnn.training.language.perplexity import MEASURES


@pytest.mark.parametrize(
    "value, others, smallest, largest",
    [
        (3.0, [], True, True),
        (3.0, [4.0, 5.0], True, False),
        (3.0, [1.0, 2.0], False, True),
        (3.0, [1.0, 4.0], False, False),
        (3.0, [3.0], False, False),
        (math.inf, [], True, True),
        (math.nan, [], False, False),
        (math.nan, [1.0], False, False),
        (3.0, [math.nan, 4.0], True, False),
        (3.0, [2.0, math.nan], False, True),
    ],
)
def test_the_best_row_is_better_than_every_other_in_the_chosen_direction(value, others, smallest, largest):
    rows = [{"valid_perplexity": other} for other in others]
    assert MEASURES.improves({"valid_perplexity": value}, rows) == smallest
    assert replace(MEASURES, largest=True).improves({"valid_perplexity": value}, rows) == largest


def test_a_language_models_numbers_are_perplexities():
    row = dict(MEASURES.of_loss(math.log(120.0)), valid_perplexity=130.0)
    assert row["train_perplexity"] == pytest.approx(120.0)
    assert MEASURES.line(row) == "train perplexity 120.00, valid 130.00"
    assert MEASURES.note(math.log(120.0)) == "perplexity 120.0"
    assert MEASURES.of_loss(1000.0) == {"train_perplexity": math.inf}
