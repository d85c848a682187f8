import numpy as np
import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training.language import comparison

BATCHES = [(None, None)] * 3
LOGITS = [np.random.RandomState(seed).randn(6, 5).astype(np.float32) for seed in range(3)]


class Scored:
    """A model that gives these logits."""

    session = None

    def __init__(self, logits):
        self._logits = logits

    def evaluation(self, style):
        assert style == "batched"
        return self

    def scores(self, session, batches):
        return iter(self._logits[: len(batches)])


def shifted(batch, difference):
    """LOGITS with one element of one batch changed."""
    logits = [each.copy() for each in LOGITS]
    logits[batch][2, 3] += difference
    return logits


def difference(before, after):
    return comparison._largest_difference(Scored(before), Scored(after), BATCHES)


@pytest.mark.parametrize("batch", range(3))
def test_the_largest_difference_of_any_batch_is_told(batch):
    assert difference(LOGITS, shifted(batch, 3e-5)) == pytest.approx(3e-5, rel=0.02)


@pytest.mark.parametrize("batch", range(3))
def test_another_function_is_refused(batch):
    with pytest.raises(UserError, match="differs from the larger one by 0.01 in a logit; nothing was written"):
        difference(LOGITS, shifted(batch, 0.01))


@pytest.mark.parametrize("batch", range(3))
def test_logits_that_are_no_numbers_prove_nothing(batch):
    broken = shifted(batch, np.nan)
    with pytest.raises(UserError, match="differs from the larger one by nan"):
        difference(LOGITS, broken)
    with pytest.raises(UserError, match="differs from the larger one by nan"):
        difference(broken, broken)
