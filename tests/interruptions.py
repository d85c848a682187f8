"""Ending a run in the middle, in this process or another, and holding what came of it against an undisturbed run."""

import multiprocessing
import os
import re
import sys
import time

import pytest

from ptb import train
from sparse_rnn import checkpoints, plots
from sparse_rnn.errors import UserError
from sparse_rnn.training import command
from tests import tiny

#: Processes that have imported TensorFlow and done nothing with it yet.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["ptb.train", "sparse_rnn.hooks"])  # the hooks are a class of TensorFlow's


class Killed(BaseException):
    """Ends a run in the middle, past every handler of errors."""


def kill_at(monkeypatch, owner, name, call=1, after=False, error=Killed):
    """Let the ``call``-th call of a function end the run with an error, before or after it has done its work."""
    original, calls = getattr(owner, name), []

    def killer(*arguments, **keys):
        calls.append(None)
        if len(calls) == call and not after:
            raise error
        result = original(*arguments, **keys)
        if len(calls) == call:
            raise error
        return result

    monkeypatch.setattr(owner, name, killer)


def killed(arguments, *where, error=Killed, **when):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(error):
        kill_at(patch, *where, error=error, **when)
        train.main(arguments)


def refusal(arguments):
    """The sentence that training ends with; nothing of it, its lock above all, lives on in an exception."""
    try:
        train.main(arguments)
    except UserError as error:
        return str(error)
    raise AssertionError("nothing was refused")


def step_of(run):
    """The step of the newest checkpoint; 0 where there is none."""
    try:
        with open(os.path.join(run, "checkpoint")) as file:
            return int(re.search(r"model\.ckpt-(\d+)", file.read()).group(1))
    except (OSError, AttributeError):
        return 0


def same_run(one, other):
    assert tiny.table(one) == tiny.table(other)
    for which in ("", "best"):
        assert tiny.same_weights(tiny.weights(one, which), tiny.weights(other, which))
        assert os.path.basename(checkpoints.find(os.path.join(one, which))) == os.path.basename(
            checkpoints.find(os.path.join(other, which))
        )
    with open(os.path.join(one, "report.txt")) as first, open(os.path.join(other, "report.txt")) as second:
        assert first.read() == second.read()


def _train(arguments, output):
    """A process of its own that does what the script does; its words go to a file."""
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    plots.all_figures = lambda *arguments: []
    command.run(train.main, arguments)


class Process:
    """Training in the background."""

    def __init__(self, arguments, output):
        self._output = str(output)
        self._process = FORKS.Process(target=_train, args=(arguments, self._output))
        self._process.start()

    def signal_after(self, run, step, number, seconds=0.0):
        """Send a signal once the run has a checkpoint of that step or a later one, and a moment more."""
        while step_of(run) < step and self._process.is_alive():
            time.sleep(0.002)
        time.sleep(seconds)
        self.signal(number)

    def signal(self, number):
        """Send a signal now."""
        os.kill(self._process.pid, number)

    def end(self):
        """Exit code and words."""
        self._process.join(300)
        with open(self._output) as file:
            return self._process.exitcode, file.read()
