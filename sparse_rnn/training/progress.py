"""Progress for a person: a bar where somebody watches, a plain line now and then where not."""

import sys
import time

import tqdm

#: Seconds between two plain lines.
LINE_EVERY = 30.0


class Progress:
    """Shows how far an epoch, or another long task, has come.

    Args:
      title: what is being done ("epoch 3 of 13").
      total: number of steps.
      done: steps that an earlier process has done already.
      say: where plain lines go.
      unit: what a step is called.
    """

    def __init__(self, title, total, done, say, unit="step"):
        self._title, self._total, self._done, self._say, self._unit = title, total, done, say, unit
        self._begun_at = done
        self._begun = self._last_line = time.time()
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(total=total, initial=done, desc=title, unit=unit, leave=False, dynamic_ncols=True)

    def step(self, note=None):
        """Count one step; ``note()`` gives a few words that are shown beside the bar."""
        self._done += 1
        if self._bar is not None:
            self._bar.update()
            if note and self._done % 20 == 0:
                self._bar.set_postfix_str(note(), refresh=False)
        elif time.time() - self._last_line > LINE_EVERY:
            self._last_line = time.time()
            left = (time.time() - self._begun) / (self._done - self._begun_at) * (self._total - self._done)
            how_far = "{}: {} {} of {}".format(self._title, self._unit, self._done, self._total)
            self._say(", ".join([how_far] + ([note()] if note else []) + ["{:.0f} s left".format(left)]))

    def close(self):
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
