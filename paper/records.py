"""The lines of results/tableN.csv: of each row the paper's numbers, ours, and how to repeat them."""

import csv
import io
import os

import numpy as np

from paper import sizes
from paper.rows import COSTS
from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training.timing import Timing

_DAMAGED = "damaged"


def of_table(board, scale, timed, path):
    """One ``{column: value}`` per row of a Board; what is not known is an empty text.

    Args:
      board: the Board.
      scale: one of :data:`paper.rows.SCALES`.
      timed: ``{row: Timed}`` as far as they are known.
      path: the CSV as it is, from which a row is taken whose files are damaged.
    """
    earlier = {record["row"]: record for record in _read(path) if record["scale"] == scale}
    records = [
        dict(earlier[name], state=_DAMAGED)
        if board.damage(name) and name in earlier
        else _of_row(board, scale, name, timed.get(name))
        for name in board.table.names
    ]
    for record in (record for record in records if record["state"] != _DAMAGED):
        for ratio, cost in (("fewer_multiply_adds", "multiply_adds"), ("speed_up", "milliseconds")):
            first, own = records[0][cost], record[cost]
            record[ratio] = round(float(first) / float(own), 4) if first and own else ""
    return records


def earlier_timed(path, board, scale):
    """``{row: Timed}`` as the CSV has them, of rows whose sizes are still the same."""
    found = {}
    for record in _read(path):
        name = record["row"]
        if record["scale"] == scale and record["milliseconds"] and name in board.table.names:
            if record["sizes"] == sizes.told(board, name):
                milliseconds, low, high = (float(record[column]) for column in ("milliseconds", "low", "high"))
                found[name] = sizes.Timed(Timing(milliseconds, (low, high)), record["timed_on"])
    return found


def write(path, records, scale):
    """Write the CSV, in which rows of the other scale stay as they are."""
    everything = [record for record in _read(path) if record["scale"] != scale] + records
    everything.sort(key=lambda record: record["scale"] != "paper")
    text = io.StringIO()
    columns = list(dict.fromkeys(column for record in everything for column in record))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(everything)
    files.make_folder(os.path.dirname(path) or ".")
    files.write_text(path, text.getvalue())


def _of_row(board, scale, name, timed):
    row, outcome = board.table.row(name), board.outcome(name)
    record = {"scale": scale, "row": name, "title": row.title, "state": _state(outcome)}
    record.update(_quality(board.kind, outcome))
    record["units"] = sizes.listed(outcome.kept, board.table.groups) if _is_done(outcome) else ""
    record.update(_costs(board, name, outcome))
    record.update(dict.fromkeys(("milliseconds", "low", "high", "fewer_multiply_adds", "speed_up"), ""))
    if timed is not None:
        values = (timed.timing.milliseconds,) + timed.timing.quartiles
        for column, value in zip(("milliseconds", "low", "high"), values):
            record[column] = round(value, 4)
    for column in tuple(board.kind.quality) + COSTS:
        record["paper_" + column] = row.paper.values.get(column, "")
    record["paper_units"] = sizes.listed(row.paper.units, board.table.groups)
    record["paper_sources"] = "; ".join("{}: {}".format(*source) for source in row.paper.sources.items())
    record["epochs"] = len(outcome.rows) if outcome else 0
    record["seed"] = outcome.config["train"]["seed"] if outcome and outcome.config else ""
    record["machine"] = outcome.origin.get("machine", "") if outcome else ""
    record["timed_on"] = timed.machine if timed else ""
    record["command"] = board.command(name, here=False)
    return record


def _is_done(outcome):
    return outcome is not None and outcome.finished


def _state(outcome):
    if outcome is not None and outcome.damage:
        return _DAMAGED
    if outcome is None or not (outcome.rows or outcome.finished):
        return "not run"
    if outcome.finished:
        return "done"
    return "{} of {} epochs".format(len(outcome.rows), outcome.config["train"]["epochs"])


def _quality(kind, outcome):
    """What the report says, or the table of epochs where there is no report yet."""
    found = dict.fromkeys(kind.quality, "")
    if _is_done(outcome):
        found.update(kind.measured(outcome.report))
    elif outcome is not None and outcome.rows:
        found.update({name: outcome.rows[-1][column] for name, column in kind.in_metrics.items()})
    return {name: value if value == "" else round(value, 4) for name, value in found.items()}


def _costs(board, name, outcome):
    """Weights and multiply-adds without dead units, and how many weights are not zero."""
    found = {"sizes": sizes.told(board, name), "weights": "", "nonzero_weights": "", "multiply_adds": ""}
    experiment = sizes.sized(board, name)
    if experiment is not None:
        found["weights"], found["multiply_adds"] = board.kind.cost(experiment, board.table.vocabulary)
    if _is_done(outcome):
        found.update({cost: outcome.report[cost + "_after"] for cost in ("weights", "multiply_adds")})
        found["nonzero_weights"] = _nonzero(board, name, outcome)
    return found


def _nonzero(board, name, outcome):
    """Counted in the model that training began with; dead units keep what they have that is not zero."""
    experiment = board.experiment(name)
    if experiment is None or board.kind.cost(experiment, board.table.vocabulary)[0] != outcome.report["weights"]:
        return ""  # the report gives shares only, and the sizes that they are of are not known
    shapes = board.kind.shapes(experiment.model, board.table.vocabulary)
    zeros = {variable["name"]: variable["elements"] for variable in outcome.report["variables"]}
    return int(round(sum(np.prod(shape) * (1 - zeros[each]) for each, shape in shapes.items())))


def _read(path):
    if not os.path.exists(path):
        return []
    text = files.read_text(path)
    found = list(csv.DictReader(io.StringIO(text)))
    if not text.endswith("\n") or any(None in record or None in record.values() for record in found):
        raise UserError(
            "{}: this is no longer the table that was written, which holds what was timed; put a copy of it back, or "
            "delete it to time all rows anew.".format(path)
        )
    return found
