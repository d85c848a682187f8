"""The sizes of a row's model, from its run or from the paper, and the time of a batch at these sizes."""

from dataclasses import dataclass

from sparse_rnn.training import origin, timing
from sparse_rnn.training.timing import Timing

#: Turns of each model that count.
REPEATS = 7


@dataclass(frozen=True)
class Timed:
    """The time of a batch, and the machine that it was taken on."""

    timing: Timing
    machine: str


def sized(board, name):
    """The row's experiment at the sizes that its run found, or those of the paper; None where neither is known.

    Args:
      board: the Board.
      name: of the row.
    """
    row, experiment, outcome = board.table.row(name), board.experiment(name), board.outcome(name)
    if experiment is None:
        return None
    if outcome is not None and outcome.finished:
        return board.kind.at(experiment, board.table.vocabulary, outcome.kept)
    if row.paper.units:
        return board.kind.at(experiment, board.table.vocabulary, row.paper.units)
    return None if experiment.sparsity.penalties else experiment


def listed(units, groups):
    """``{group: units}`` as text, in the order of ``groups``."""
    return ", ".join(str(units[name]) for name in groups if name in units)


def told(board, name):
    """The units of :func:`sized` as text; empty where they are not known."""
    experiment = sized(board, name)
    return "" if experiment is None else listed(_units(board, experiment), board.table.groups)


def measure(board):
    """``{row: Timed}`` of one batch, for the rows whose sizes are known.

    Models of equal sizes are one model; all take turns, so that a machine that drifts favours none.
    """
    calls, called = {}, {}
    for name in board.table.names:
        experiment = sized(board, name)
        if experiment is not None:
            called[name] = repr(_units(board, experiment))
            if called[name] not in calls:
                calls[called[name]] = board.kind.batch(experiment, board.table.vocabulary, board.table.batch)
    found = dict(zip(calls, timing.interleaved(list(calls.values()), REPEATS))) if calls else {}
    return {name: Timed(found[units], origin.machine()) for name, units in called.items()}


def _units(board, experiment):
    return board.kind.sizes(experiment, board.table.vocabulary)
