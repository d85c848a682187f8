"""Fair timing on a machine that drifts: rivals take turns, medians are compared."""

import time
from dataclasses import dataclass
from typing import Tuple

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Milliseconds per call of one rival: median and the quartiles around it."""

    milliseconds: float
    quartiles: Tuple[float, float]

    def __str__(self):
        return "{:.2f} ({:.2f} to {:.2f})".format(self.milliseconds, *self.quartiles)


def interleaved(rivals, repeats=20, warm_up=3):
    """Time functions against each other.

    Args:
      rivals: functions without arguments. In every round each is called once.
      repeats: rounds that count.
      warm_up: rounds before them that do not.

    Returns:
      A Timing for each.
    """
    return take_turns([_stopwatch(rival) for rival in rivals], repeats, warm_up)


def take_turns(stopwatches, repeats=20, warm_up=3):
    """Compare rivals that time themselves.

    Args:
      stopwatches: functions without arguments that return seconds. In every round each is called once.
      repeats, warm_up: as for :func:`interleaved`.

    Returns:
      A Timing for each.
    """
    rounds = [[stopwatch() for stopwatch in stopwatches] for _ in range(warm_up + repeats)]
    low, median, high = np.percentile(1000 * np.array(rounds[warm_up:]), [25, 50, 75], axis=0)
    return [Timing(float(m), (float(lo), float(hi))) for lo, m, hi in zip(low, median, high)]


def _stopwatch(function):
    def seconds():
        begun = time.perf_counter()
        function()
        return time.perf_counter() - begun

    return seconds
