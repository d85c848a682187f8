"""metrics.csv: one row per epoch, in plain numbers, written whole each time."""

import csv
import io
import os

from sparse_rnn import files
from sparse_rnn.errors import UserError


def is_time(column):
    """Whether a column depends on the clock, so that a rerun of the same experiment need not reproduce it."""
    return column == "seconds" or column.endswith("_per_second")


class Metrics:
    """The rows of a metrics.csv, kept in step with the file.

    Args:
      path: the file; an existing one is read.

    Attributes:
      rows: one ``{column: number}`` per epoch; the first column is ``epoch``.
    """

    def __init__(self, path):
        self.path = path
        self.rows = _read(path) if os.path.exists(path) else []

    def keep_until(self, epoch):
        """Forget the rows of later epochs: they will be trained again."""
        if len(self.rows) > epoch:
            self.rows = self.rows[:epoch]
            self._write()

    def append(self, row):
        """Add the row of one epoch."""
        self.rows.append({name: _plain(value) for name, value in row.items()})
        self._write()

    def _write(self):
        text = io.StringIO()
        if self.rows:
            columns = list(dict.fromkeys(name for row in self.rows for name in row))
            writer = csv.DictWriter(text, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        files.write_text(self.path, text.getvalue())


def _plain(value):
    return value if isinstance(value, int) else float("{:.10g}".format(float(value)))


def _read(path):
    text = files.read_text(path)
    try:
        lines = list(csv.reader(io.StringIO(text)))
        rows = [dict(zip(lines[0], map(_number, line))) for line in lines[1:]]
        whole = all(len(line) == len(lines[0]) for line in lines) and text.endswith("\n" if lines else "")
        if whole and [row["epoch"] for row in rows] == list(range(1, len(rows) + 1)):
            return rows
    except (csv.Error, KeyError, ValueError):
        pass
    raise UserError(
        "{}: this is no longer the table that was written, a row per epoch from 1 on; put a copy of it back, or "
        "begin anew in another folder.".format(path)
    )


def _number(text):
    return int(text) if text.lstrip("-").isdigit() else float(text)
