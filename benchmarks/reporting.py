"""What a benchmark writes: a CSV that partial runs add to, a table, and a figure."""

import argparse
import csv
import io
import os

from sparse_rnn import files, plots, tables
from sparse_rnn.training import command_line

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "results", "benchmarks")
_BLUE, _GREY = "#0072B2", "#B0B0B0"


def add_choices(parser, flag, known):
    """A flag whose value is a list of names with commas between them, all of them by default."""

    def chosen(text):
        listed = text.split(",")
        for name in listed:
            if name not in known:
                raise argparse.ArgumentTypeError("'{}' is none of {}".format(name, ", ".join(known)))
        return listed

    parser.add_argument(flag, type=chosen, default=list(known), help="some of " + ",".join(known))


def add_common(parser, repeats):
    """The flags that all benchmarks have; ``repeats`` is the default of ``--repeats``."""
    parser.add_argument(
        "--repeats",
        type=command_line.at_least_one,
        default=repeats,
        help="turns of everything measured that count (default: %(default)s)",
    )
    parser.add_argument("--save_path", default=FOLDER, help="where CSV and figures go (default: results/benchmarks)")


def merge(path, rows, keys):
    """Add rows to a CSV; a row of an earlier run with the same keys is replaced.

    Args:
      path: the file; made where it does not exist.
      rows: dictionaries with the same columns; columns that only earlier rows have come after them.
      keys: the columns that say what was measured.

    Returns:
      All rows that the file has now, values as text.
    """
    kept = {}
    if os.path.exists(path):
        kept = {tuple(row[key] for key in keys): row for row in csv.DictReader(io.StringIO(files.read_text(path)))}
    for row in rows:
        kept[tuple(str(row[key]) for key in keys)] = {name: str(value) for name, value in row.items()}
    text = io.StringIO()
    columns = dict.fromkeys(name for row in list(rows) + list(kept.values()) for name in row)
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept.values())
    files.make_folder(os.path.dirname(path))
    files.write_text(path, text.getvalue())
    return list(kept.values())


def show(header, rows):
    """Print a table."""
    print("\n" + tables.aligned([header] + rows) + "\n", flush=True)


def bars(path, title, panels, unit, columns=3):
    """Draw one panel of horizontal bars per question; bars of this project are blue.

    Args:
      path: the PNG file.
      title: of the figure.
      panels: ``{title: {rival: (value, low, high)}}``.
      unit: of the values.
      columns: panels side by side.
    """
    columns = min(columns, len(panels))
    lines = -(-len(panels) // columns)
    tallest = max(len(rivals) for rivals in panels.values())
    figure = plots.new_figure(3.6 * columns + 1.2, (0.3 * tallest + 0.9) * lines + 0.5)
    figure.suptitle(title)
    grid = figure.subplots(lines, columns, squeeze=False)
    for panel in grid.flat[len(panels) :]:
        panel.set_visible(False)
    for panel, (name, rivals) in zip(grid.flat, panels.items()):
        _panel(panel, rivals)
        panel.set_title(name, fontsize="medium")
        panel.set_xlabel(unit)
    files.make_folder(os.path.dirname(path))
    plots.save(figure, path)


def _panel(panel, rivals):
    values, lows, highs = zip(*rivals.values())
    spread = [[value - low for value, low in zip(values, lows)], [high - value for value, high in zip(values, highs)]]
    colours = [_BLUE if rival.startswith("ours") else _GREY for rival in rivals]
    panel.barh(list(rivals), values, color=colours, xerr=spread, error_kw={"linewidth": 0.8})
    panel.invert_yaxis()
    panel.set_xlim(0, 1.3 * max(highs))
    for place, (value, high) in enumerate(zip(values, highs)):
        label = " {:,.0f}".format(value) if value >= 100 else " {:.3g}".format(value)
        panel.annotate(label, (high, place), va="center", fontsize="small")
