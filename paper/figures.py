"""Two figures of a table, from what was measured: how good each run is for its cost, and its units over the epochs."""

import collections
import os

from matplotlib import ticker, transforms
from matplotlib.text import Text

from sparse_rnn import files, plots

_MARKERS = "osD^vP*"
#: One per run of a kind: solid, dashed, dotted, dashes and dots, widely dotted, long dashes.
_LINES = ["-", "--", ":", "-.", (0, (1, 5)), (0, (12, 4))]
#: Points from the middle of a marker to its edge, and to a label; a label further away has a line to its marker.
_RADIUS, _DISTANCES = 5, (7, 16, 25, 34, 45, 56)
#: Where a label may stand: (direction, horizontal, vertical alignment), in order of preference.
_PLACES = [
    ((0, 1), "center", "bottom"),
    ((0, -1), "center", "top"),
    ((1, 0), "left", "center"),
    ((-1, 0), "right", "center"),
    ((0.8, 0.8), "left", "bottom"),
    ((-0.8, 0.8), "right", "bottom"),
    ((0.8, -0.8), "left", "top"),
    ((-0.8, -0.8), "right", "top"),
]
_COSTS = {"weights": "weights", "milliseconds": "milliseconds per batch"}


def draw(board, records, folder):
    """Draw what there is.

    Args:
      board: the Board.
      records: of :func:`paper.records.of_table`.
      folder: for ``NAME.png`` and ``NAME_units.png`` with the Board's name.

    Returns:
      The paths of the files: none where no row is trained to its end.
    """
    done = [record for record in records if record["state"] == "done"]
    if not done:
        return []
    files.make_folder(folder)
    paths = [os.path.join(folder, board.name + ending) for ending in (".png", "_units.png")]
    _cost(board, done, paths[0])
    _history(board, paths[1])
    return paths


def _cost(board, done, path):
    """The last of the kind's measures against each cost, a point per run."""
    measure, words = list(board.kind.quality.items())[-1]
    drawn = {cost: [record for record in done if record[cost]] for cost in _COSTS}
    drawn = {cost: records for cost, records in drawn.items() if records}
    figure = plots.new_figure(5.0 * len(drawn), 5.0)
    panels = figure.subplots(1, len(drawn), squeeze=False)[0]
    for panel, (cost, records) in zip(panels, drawn.items()):
        for series, (colour, marker) in _styles(board.table).items():
            points = [record for record in records if board.table.row(record["row"]).series == series]
            across, up = ([float(record[key]) for record in points] for key in (cost, measure))
            panel.plot(across, up, linestyle="", color=colour, marker=marker, label=series if points else None)
        panel.set_xlim(0, 1.15 * max(float(record[cost]) for record in records))
        panel.margins(y=0.1)
        panel.set_xlabel(_COSTS[cost])
        panel.set_ylabel(words)
        panel.xaxis.set_major_locator(ticker.MaxNLocator(5))
        panel.xaxis.set_major_formatter(ticker.EngFormatter(sep=""))
        panel.grid(color="0.9")
    figure.axes[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncol=3, fontsize="small")
    figure.canvas.draw()
    for panel, (cost, records) in zip(panels, drawn.items()):
        label_points(panel, [(record["row"], float(record[cost]), float(record[measure])) for record in records])
    plots.save(figure, path)


def label_points(panel, points):
    """Write the name of each of ``points`` (name, x, y) beside it, clear of the other points and names where it can be.

    The figure must have been drawn once, so that the panel has its place.
    """
    renderer, reach = panel.figure.canvas.get_renderer(), _RADIUS * panel.figure.dpi / 72
    middles = panel.transData.transform([point[1:] for point in points])
    taken = [transforms.Bbox.from_extents(x - reach, y - reach, x + reach, y + reach) for x, y in middles]
    for name, x, y in points:
        tried = [_labelled(panel, name, (x, y), far, *place) for far in _DISTANCES for place in _PLACES]
        boxes = [_extent(text, renderer) for text in tried]
        faults = [box.count_overlaps(taken) + _sticks_out(box, panel.bbox) for box in boxes]
        best = faults.index(min(faults))
        taken.append(boxes[best])
        for number, text in enumerate(tried):
            if number != best:
                text.remove()


def _extent(text, renderer):
    """Of the words alone, without their line."""
    text.update_positions(renderer)
    return Text.get_window_extent(text, renderer)


def _sticks_out(box, frame):
    return not (frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1))


def _labelled(panel, name, point, far, direction, across, up):
    line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.5} if far > _DISTANCES[0] else None
    text = panel.annotate(
        name,
        point,
        [far * part for part in direction],
        textcoords="offset points",
        ha=across,
        va=up,
        fontsize="x-small",
        arrowprops=line,
    )
    text.set_in_layout(False)
    return text


def _history(board, path):
    """Kept units of all listed groups together, after each epoch of every run."""
    figure = plots.new_figure(9.0, 5.0)
    panel, drawn = figure.subplots(), collections.Counter()
    for row in board.table.rows:
        kept = _kept(board, row.name)
        if kept:
            (colour, marker), label = _styles(board.table)[row.series], "{}: {}".format(row.name, kept[-1])
            line = _LINES[drawn[row.series] % len(_LINES)]
            drawn[row.series] += 1
            epochs = range(1, 1 + len(kept))
            panel.plot(epochs, kept, linestyle=line, color=colour, marker=marker, markersize=4, label=label)
    panel.set_ylim(bottom=0)
    panel.set_ylabel("units kept of " + ", ".join(board.table.groups))
    panel.set_xlabel("epoch")
    panel.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    panel.grid(color="0.9")
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small", handlelength=3)
    plots.save(figure, path)


def _kept(board, name):
    outcome = board.outcome(name)
    columns = ["units/{}/kept".format(group) for group in board.table.groups]
    return [sum(epoch[column] for column in columns) for epoch in outcome.rows] if outcome else []


def _styles(table):
    """``{series: (colour, marker)}``."""
    series = list(dict.fromkeys(row.series for row in table.rows))
    pairs = [(plots.COLOURS[n % len(plots.COLOURS)], _MARKERS[n % len(_MARKERS)]) for n in range(len(series))]
    return dict(zip(series, pairs))
