"""Rivals that take turns, each in a process of its own.

A rival has its own libraries and threads, and waits while the others have their turn. A turn begins with a call that
does not count, for it pays for what the others left in caches and memory, unless it takes more than ten seconds; then
follows one call, or as many as fill a quarter of a second. The process measures itself, so handing over the turn costs
no rival anything. Medians and quartiles are over turns, after turns that do not count.
"""

import collections
import contextlib
import multiprocessing
import os
import time

from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import timing

#: Shortest turn; calls that take less are repeated within it.
SECONDS_PER_TURN = 0.25
#: A first call of more seconds counts, and is the whole turn: what others left in the caches is nothing beside it.
LONG_CALL = 10.0

Rival = collections.namedtuple("Rival", ["name", "make", "arguments", "environment"], defaults=[{}])
Rival.__doc__ = """A contestant.

Attributes:
  name: a text, or a tuple of them.
  make: function of a module, called with ``arguments`` in the rival's own process; returns ``{case: function without
    arguments}``, or a pair of that and a dictionary of facts about what was made. A UserError says why there is none.
  arguments: tuple that can be pickled.
  environment: variables of its process, which libraries read while they load.
"""

Measured = collections.namedtuple("Measured", ["name", "case", "timing", "facts"])
Measured.__doc__ = "One rival's Timing at one case, and the facts it told; ``first_seconds`` is always among them."


def measure(rivals, repeats, warm_up=2):
    """Time rivals against each other.

    Args:
      rivals: Rivals. Those that cannot be made here are left out, and the reason is printed.
      repeats: turns of each rival and case that count, at least 1.
      warm_up: turns before them that do not.

    Returns:
      A Measured for each rival and case.

    Raises:
      UserError: none of the rivals can be made here, or one of their processes ended.
    """
    workers = []
    try:
        for rival in rivals:
            worker = _Worker(rival)
            if worker.cases:
                workers.append(worker)
            else:
                print("without {}: {}".format(_spelled(rival.name), worker.facts["missing"]), flush=True)
        if not workers:
            raise UserError("--rivals: none of these can be run here; the reasons stand above.")
        turns = [(worker, case) for worker in workers for case in worker.cases]
        timings = timing.take_turns([worker.turn(case) for worker, case in turns], repeats, warm_up)
    finally:
        for worker in workers:
            worker.end()
    return [Measured(worker.name, case, found, worker.facts) for (worker, case), found in zip(turns, timings)]


def _spelled(name):
    return name if isinstance(name, str) else ", ".join(name)


@contextlib.contextmanager
def _environment(changes):
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Worker:
    """A rival in its process: ``cases`` are the names of what it can be asked to run."""

    def __init__(self, rival):
        context = multiprocessing.get_context("spawn")
        self.name = rival.name
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, rival.make, rival.arguments), daemon=True)
        with _environment(rival.environment):
            self._process.start()
        theirs.close()
        self.cases, self.facts = self._receive()

    def turn(self, case):
        """A function that has one turn done and returns the seconds per call."""

        def seconds():
            self._connection.send(case)
            return self._receive()

        return seconds

    def end(self):
        """Stop the process."""
        self._process.terminate()
        self._process.join()

    def _receive(self):
        try:
            return self._connection.recv()
        except EOFError:
            self._process.join()
            raise UserError(
                "the process of '{}' ended with code {}; its last words stand above (is the memory exhausted?).".format(
                    _spelled(self.name), self._process.exitcode
                )
            ) from None


def _serve(connection, make, arguments):
    getattr(tf, "version")  # noqa: B009 (TensorFlow loads when it is first asked for, which is no part of a first step)
    began = time.perf_counter()
    try:
        made = make(*arguments)
    except UserError as error:
        connection.send(([], {"missing": str(error)}))
        return
    calls, facts = made if isinstance(made, tuple) else (made, {})
    for call in calls.values():
        call()
    facts = dict(facts, first_seconds=time.perf_counter() - began)
    connection.send((list(calls), facts))
    while True:
        try:
            case = connection.recv()
        except EOFError:  # the benchmark was stopped
            return
        connection.send(_seconds_per_call(calls[case]))


def _seconds_per_call(call):
    began = time.perf_counter()
    call()
    first = time.perf_counter() - began
    if first > LONG_CALL:
        return first
    began, count = time.perf_counter(), 0
    while True:
        call()
        count += 1
        seconds = time.perf_counter() - began
        if seconds > SECONDS_PER_TURN:
            return seconds / count
