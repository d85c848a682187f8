"""What the training loop is told about a trainer's numbers."""

import math
from dataclasses import replace

import pytest

from sparse_rnn.training.language import perplexity

MEASURES = perplexity.MEASURES["word"]


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
    assert MEASURES.of_loss(1000.0) == {"train_perplexity": math.exp(700)}


def test_a_character_models_numbers_are_bits_too():
    measures = perplexity.MEASURES["character"]
    row = dict(measures.of_loss(2 * math.log(2)), **perplexity.columns("character", "valid", 8.0))
    assert row == pytest.approx({"train_perplexity": 4, "train_bits": 2, "valid_perplexity": 8, "valid_bits": 3})
    assert measures.line(row) == "train 2.000 bits per character, valid 3.000"
    assert measures.note(2 * math.log(2)) == "2.00 bits per character"
    assert (measures.items, measures.selected_by) == ("characters", "valid_perplexity")
    assert perplexity.told("character", 4.0) == "perplexity 4.0000, 2.0000 bits per character,"
    assert perplexity.told("word", 4.0) == "perplexity 4.0000"
