"""A table for a terminal: the paper's column beside ours where the paper has one; below it, how to repeat each row."""

from paper import sizes
from sparse_rnn import tables

#: Columns of every table: what they are called and how their numbers read.
_COLUMNS = {
    "units": ("units", "{}"),
    "weights": ("weights", "{:,.0f}"),
    "nonzero_weights": ("not zero", "{:,.0f}"),
    "fewer_multiply_adds": ("fewer multiply-adds", "{:.2f}x"),
    "milliseconds": ("ms", "{:.3g}"),
    "speed_up": ("speed-up", "{:.2f}x"),
}
_UNCONFIRMED = "?"


def text(board, records):
    """The table.

    Args:
      board: the Board.
      records: of :func:`paper.records.of_table`, those that are to be shown.
    """
    rows = [board.table.row(record["row"]) for record in records]
    quality = {name: (words, "{:.2f}") for name, words in board.kind.quality.items()}
    columns = [["row"] + [record["row"] for record in records]]
    for name, (words, form) in dict(quality, **_COLUMNS).items():
        reported = [_reported(row.paper, name, form, board.table.groups) for row in rows]
        if any(reported):
            columns.append([words + ", paper"] + reported)
        columns.append([words] + [_ours(record.get(name, ""), form) for record in records])
    columns.append(["state"] + [record["state"] for record in records])
    lines = [tables.aligned(list(zip(*columns)))] + _legend(board, rows, columns)
    return "\n".join(lines + [""] + _commands(records) + _damages(board, rows))


def _reported(paper, name, form, groups):
    """What the paper says of a row, marked where that is unconfirmed."""
    if name == "units":
        found = sizes.listed(paper.units, groups)
    elif name not in paper.values:
        return ""
    elif name == "weights":
        found = "{:.4g}M".format(paper.values[name] / 1e6)
    else:
        found = form.format(paper.values[name])
    return found + ("" if not found or name in paper.sources else _UNCONFIRMED)


def _ours(value, form):
    return "" if value == "" else form.format(value if form == "{}" else float(value))


def _legend(board, rows, columns):
    lines = ["(units: {})".format(", ".join(board.table.groups))]
    if any(row.paper.units for row in rows):
        lines.append("(costs of a row that is not done are those of the paper's units, on this machine)")
    if any(cell.endswith(_UNCONFIRMED) for column in columns for cell in column):
        lines.append(
            "(?: remembered of the paper, and seen in no source; the CSV says where the other numbers are from)"
        )
    return lines


def _commands(records):
    lines = []
    for record in records:
        made = ["seed {seed}", "{epochs} epochs", "{machine}"] if record["epochs"] else []
        facts = [fact.format(**record) for fact in ["{title}"] + made]
        lines.append("{row}: {}\n    {command}".format("; ".join(filter(None, facts)), **record))
    return lines


def _damages(board, rows):
    told = "\n{} is damaged, shown as it was, and the figures are left alone. {}"
    return [told.format(row.name, board.damage(row.name)) for row in rows if board.damage(row.name)]
