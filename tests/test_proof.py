"""What counts as a proof that two models are the same function."""

import math

import numpy as np
import pytest

from sparse_rnn.training import proof


def compared(before, after):
    """Scores that come array by array, as models yield them."""
    return proof.compare(*(iter([np.array(each, np.float32) for each in scores]) for scores in (before, after)))


@pytest.mark.parametrize(
    "before, after, largest, same",
    [
        ([[1.0, 2.0], [3.0]], [[1.0, 2.0], [3.0]], 0.0, True),
        ([[1.0, 200.0], [3.0]], [[1.0, 200.0], [3.015625]], 0.015625, True),
        ([[1.0, 20.0], [3.0]], [[1.0, 20.0], [3.015625]], 0.015625, False),
        ([[0.0, 0.001]], [[0.0, 0.0015]], 0.0005, False),
        ([[0.0, 0.001]], [[0.0, 0.00105]], 0.00005, True),  # below 1 rounding is that of larger numbers behind them
    ],
)
def test_a_difference_is_held_against_the_largest_score(before, after, largest, same):
    found = compared(before, after)
    assert found.largest == pytest.approx(largest, rel=1e-3) and found.same is same


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("swapped", [False, True])
def test_what_is_no_finite_number_is_no_proof(wrong, swapped):
    scores = [[[1.0], [2.0]], [[1.0], [wrong]]]
    assert not compared(*(scores[::-1] if swapped else scores)).same
    assert not compared(scores[1], scores[1]).same


def test_models_that_were_not_compared_are_not_proven_the_same():
    assert compared([], []).same is False
