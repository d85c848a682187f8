"""Two models are the same function: shown on real text, to float rounding."""

from dataclasses import dataclass

import numpy as np

from sparse_rnn.compat import float32_products

#: Largest difference of a score that float rounding can explain, relative to the largest score, or to 1 where all
#: scores are smaller.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Compared:
    """What the scores of two models have shown.

    Attributes:
      largest: largest ``|before - after|`` over all scores; NaN where one of them is none, or there is no score.
      same: whether float rounding explains it.
    """

    largest: float
    same: bool


def compare(before, after):
    """Hold the scores of two models against each other.

    Args:
      before, after: the scores of the same text, array by array, of equal shapes; generators compute them here, in
        float32 on a GPU as well.
    """
    with float32_products(), np.errstate(invalid="ignore"):  # infinity less infinity, which is no proof either
        found = [(np.abs(old - new).max(), np.abs(old).max()) for old, new in zip(before, after)]
    largest, scale = np.max(found, axis=0).tolist() if found else (np.nan, np.nan)
    # What is no finite number is no proof, however large the scores are.
    return Compared(largest, bool(np.isfinite(largest) and largest <= TOLERANCE * max(scale, 1.0)))
