"""Two models are the same function: shown on real text, to float rounding."""

from dataclasses import dataclass

import numpy as np

#: Largest difference of a score that float rounding can explain, relative to the largest score.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Compared:
    """What the scores of two models have shown.

    Attributes:
      largest: largest ``|before - after|`` over all scores; no number where one of them is none.
      same: whether float rounding explains it.
    """

    largest: float
    same: bool


def compare(before, after):
    """Hold the scores of two models against each other.

    Args:
      before, after: the scores of the same text, array by array, of equal shapes.
    """
    found = [(np.abs(old - new).max(), np.abs(old).max()) for old, new in zip(before, after)]
    largest, scale = np.max(found + [(0.0, 1.0)], axis=0).tolist()  # NaN stays NaN, and is no proof
    return Compared(largest, bool(largest <= TOLERANCE * scale))
