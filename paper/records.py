"""The lines of a table: the paper's numbers beside ours, as results/tableN.csv and as text for a terminal."""

import csv
import io
import os

import numpy as np

from paper.rows import COSTS
from sparse_rnn import files, tables
from sparse_rnn.training import origin, timing

#: How numbers read in the printed table.
_FORMATS = {
    "weights": "{:,.0f}",
    "nonzero_weights": "{:,.0f}",
    "milliseconds": "{:.3g}",
    "fewer_multiply_adds": "{:.2f}x",
    "speed_up": "{:.2f}x",
}
_WORDS = {
    "weights": "weights",
    "nonzero_weights": "not zero",
    "milliseconds": "ms",
    "fewer_multiply_adds": "fewer multiply-adds",
    "speed_up": "speed-up",
}


def of_table(board, scale, timings):
    """One ``{column: value}`` per row of a Board.

    Args:
      board: the Board.
      scale: one of :data:`paper.rows.SCALES`.
      timings: ``{row: (milliseconds, low, high)}`` as far as they are known.
    """
    records = [_of_row(board, scale, name, timings.get(name)) for name in board.table.names]
    first = records[0]
    for record in records:
        record["fewer_multiply_adds"] = _ratio(first["multiply_adds"], record["multiply_adds"])
        record["speed_up"] = _ratio(first["milliseconds"], record["milliseconds"])
    return records


def measure(board, repeats=7):
    """``{row: (milliseconds, low, high)}`` of one batch, for rows whose sizes are known; they take turns."""
    by_sizes, calls = {}, {}
    for name in board.table.names:
        experiment = _sized(board, name)
        if experiment is not None:
            key = repr(experiment.model)
            by_sizes.setdefault(key, []).append(name)
            if key not in calls:
                calls[key] = board.kind.batch(experiment, board.table.vocabulary, board.table.batch)
    measured = timing.interleaved(list(calls.values()), repeats)
    found = {key: (each.milliseconds,) + each.quartiles for key, each in zip(calls, measured)}
    return {name: found[key] for key, names in by_sizes.items() for name in names}


def remembered(path, board, scale):
    """What :func:`measure` found for an earlier CSV, of rows whose sizes are still the same."""
    earlier = {(row["scale"], row["row"]): row for row in _read(path)}
    found = {}
    for name in board.table.names:
        row = earlier.get((scale, name))
        if row and row["milliseconds"] and row["sizes"] == _sizes_text(board, _sized(board, name)):
            found[name] = tuple(float(row[key]) for key in ("milliseconds", "low", "high"))
    return found


def write(path, records, scale):
    """Write the CSV, in which rows of the other scale stay as they are."""
    everything = [row for row in _read(path) if row["scale"] != scale] + records
    text = io.StringIO()
    columns = list(dict.fromkeys(name for row in everything for name in row))
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(everything, key=lambda row: row["scale"] != "paper"))
    files.make_folder(os.path.dirname(path))
    files.write_text(path, text.getvalue())


def printed(board, records):
    """The table as text: the paper's column beside ours where the paper has one, then how each row is repeated."""
    table = board.table
    columns = [("row", [record["row"] for record in records])]
    for name, words in list(board.kind.quality.items()) + [("units", "units")] + list(_WORDS.items()):
        reported = [_reported(row, name, table.groups) for row in table.rows]
        if any(reported):
            columns.append((words + ", paper", reported))
        columns.append((words, [_told(name, record.get(name, "")) for record in records]))
    columns.append(("state", [record["state"] for record in records]))
    lines = [tables.aligned([[head for head, _ in columns]] + list(zip(*[cells for _, cells in columns])))]
    if any("?" in cell for _, cells in columns for cell in cells):
        lines.append("(?: in no source that could be seen; results/README.md says where the others are from)")
    lines.append("(units: {}; costs of a row that is not run are those of the paper's units)".format(", ".join(table.groups)))
    lines += ["{}: {}\n  {}".format(row.name, row.title, record["command"]) for row, record in zip(table.rows, records)]
    return "\n\n".join(lines[:1]) + "\n" + "\n".join(lines[1:])


def _of_row(board, scale, name, timed):
    row, outcome, experiment = board.table.row(name), board.outcome(name), _sized(board, name)
    record = {"scale": scale, "row": name, "title": row.title, "state": _state(board, name, outcome)}
    record.update(_quality(board.kind, outcome))
    record["units"] = ""
    if outcome is not None and outcome.finished:
        record["units"] = _listed(outcome.kept, board.table.groups)
    record.update(sizes=_sizes_text(board, experiment), weights="", nonzero_weights="", multiply_adds="")
    if experiment is not None:
        record["weights"], record["multiply_adds"] = board.kind.cost(experiment, board.table.vocabulary)
    if outcome is not None and outcome.finished:
        record.update({key: outcome.report[key + "_after"] for key in ("weights", "multiply_adds")})
        record["nonzero_weights"] = _nonzero(board, name, outcome)
    record.update(zip(("milliseconds", "low", "high"), ["{:.4g}".format(value) for value in timed or ()] or [""] * 3))
    record.update(fewer_multiply_adds="", speed_up="")
    for key in tuple(board.kind.quality) + COSTS:
        record["paper_" + key] = row.paper.values.get(key, "")
    record["paper_units"] = _listed(row.paper.units, board.table.groups)
    record["paper_sources"] = "; ".join("{}: {}".format(*source) for source in row.paper.sources.items())
    record["epochs"] = len(outcome.rows) if outcome else 0
    record["seed"] = outcome.config["train"]["seed"] if outcome else ""
    record["machine"] = outcome.origin.get("machine", "") if outcome else ""
    record["timed_on"] = origin.machine() if timed else ""
    record["command"] = board.command(name, here=False)
    return record


def _state(board, name, outcome):
    if outcome is None or not outcome.rows:
        return "not run"
    if outcome.finished:
        return "done"
    return "{} of {} epochs".format(len(outcome.rows), outcome.config["train"]["epochs"])


def _quality(kind, outcome):
    found = dict.fromkeys(kind.quality, "")
    if outcome is not None and outcome.finished:
        found.update(kind.measured(outcome.report))
    elif outcome is not None and outcome.rows:
        found.update({name: outcome.rows[-1][column] for name, column in kind.in_metrics.items()})
    return {name: round(value, 4) if value != "" else value for name, value in found.items()}


def _sized(board, name):
    """The row's experiment with the model at the size it has come to, or has in the paper; None where neither is known."""
    row, experiment, outcome = board.table.row(name), board.run(name).experiment, board.outcome(name)
    if experiment is None:
        return None
    if outcome is not None and outcome.finished:
        return board.kind.at(experiment, board.table.vocabulary, outcome.kept)
    if row.paper.units:
        return board.kind.at(experiment, board.table.vocabulary, row.paper.units)
    return None if experiment.sparsity.penalties else experiment


def _sizes_text(board, experiment):
    return "" if experiment is None else _listed(board.kind.sizes(experiment, board.table.vocabulary), board.table.groups)


def _nonzero(board, name, outcome):
    """Weights that are not zero, of the model that training began with."""
    shapes = board.kind.shapes(board.run(name).experiment.model, board.table.vocabulary)
    zeros = {each["name"]: each["elements"] for each in outcome.report["variables"]}
    return int(round(sum(np.prod(shape) * (1 - zeros[each]) for each, shape in shapes.items())))


def _listed(units, groups):
    return ", ".join(str(units[name]) for name in groups if name in units)


def _ratio(first, own):
    return "{:.4g}".format(float(first) / float(own)) if first and own else ""


def _reported(row, name, groups):
    """What the paper says, with a mark where that is unconfirmed."""
    if name == "units":
        text = _listed(row.paper.units, groups)
    elif name not in row.paper.values:
        return ""
    elif name == "weights":
        text = "{:.4g}M".format(row.paper.values[name] / 1e6)
    else:
        text = _told(name, row.paper.values[name])
    return text + ("" if not text or name in row.paper.sources else "?")


def _told(name, value):
    return value if value == "" or name == "units" else _FORMATS.get(name, "{:.2f}").format(float(value))


def _read(path):
    return list(csv.DictReader(io.StringIO(files.read_text(path)))) if os.path.exists(path) else []
