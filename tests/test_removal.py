import numpy as np
import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training import removal

SCORES = [np.random.RandomState(seed).randn(6, 5).astype(np.float32) for seed in range(3)]


def shifted(batch, difference):
    """SCORES with one element of one batch changed."""
    scores = [each.copy() for each in SCORES]
    scores[batch][2, 3] += difference
    return scores


def largest(before, after):
    return removal.largest_difference(iter(before), iter(after), "logit")


@pytest.mark.parametrize("batch", range(3))
def test_the_largest_difference_of_any_batch_is_told(batch):
    assert largest(SCORES, shifted(batch, 3e-5)) == pytest.approx(3e-5, rel=0.02)


@pytest.mark.parametrize("batch", range(3))
def test_another_function_is_refused(batch):
    with pytest.raises(UserError, match="differs from the larger one by 0.01 in a logit; nothing was written"):
        largest(SCORES, shifted(batch, 0.01))


@pytest.mark.parametrize("batch", range(3))
def test_scores_that_are_no_numbers_prove_nothing(batch):
    broken = shifted(batch, np.nan)
    for before in (SCORES, broken):
        with pytest.raises(UserError, match="differs from the larger one by nan"):
            largest(before, broken)
