"""Figures as PNG files, no display needed: kernel maps (the paper's picture of ISS), unit norms, history of a run.

Everything is drawn through matplotlib's objects, never pyplot, so a program that plots by itself is not disturbed.
"""

import os
import textwrap

import numpy as np
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from sparse_rnn import files, groups, names, sparsity
from sparse_rnn.errors import UserError

#: Points along one side of a map at most; more would be smaller than the pixels.
MAX_POINTS = 400
#: Perplexities above this multiple of the lowest one are cut off: the first epochs would flatten all others.
MAX_PERPLEXITY_RATIO = 5.0

#: The palette of Okabe and Ito, told apart with every kind of colour vision; blue first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LINES = ("-", "--", ":")
_BLUE_ON_WHITE = ListedColormap(["white", COLOURS[0]])
_DPI = 110
#: A legend of more lines than these stands beside its panel, not on the curves.
_MOST_INSIDE = 5
_MARGINS = {"w_pad": 0.12, "h_pad": 0.12}
#: Columns that say how good a model is -> what their lines are called.
_PERPLEXITIES = {"train_perplexity": "train", "valid_perplexity": "valid"}
_ANSWERS = {"dev_em": "exact match", "dev_f1": "F1"}


def all_figures(folder, weights, structure, rows=None):
    """Write every figure there is to draw.

    Args:
      folder: where the files go; made where it does not exist.
      weights: name -> array, a whole checkpoint for example.
      structure: the structure of the model.
      rows: the rows of a run's metrics.csv, as for :func:`history`, if there are any.

    Returns:
      The paths of the files: a kernel map of every matrix of the structure, ``unit_norms.png``, ``history.png``.

    Raises:
      UserError: the structure does not fit the arrays, or the folder cannot be written.
    """
    kept = sparsity.kept_units(weights, structure)
    files.make_folder(folder)
    paths = []
    for name in groups.variables_of(structure, groups.PENALISED):
        if weights[name].ndim == 2:
            paths.append(os.path.join(folder, "kernel_{}.png".format(name.replace("/", "-"))))
            save(_kernel_figure(name, weights[name], structure, kept), paths[-1])
    paths.append(os.path.join(folder, "unit_norms.png"))
    unit_norms(paths[-1], weights, structure)
    if rows:
        paths.append(os.path.join(folder, "history.png"))
        history(paths[-1], rows)
    return paths


def kernel_map(path, name, weights, structure, step=None):
    """Draw a matrix twice: its non-zero weights, and the rows and columns of the units that are kept.

    Args:
      path: the PNG file.
      name: name of the variable.
      weights: name -> array of at least the variables that the structure speaks of.
      structure: the structure of the model; its dead units are white in the lower panel.
      step: every ``step``-th row and column is shown; by default as many as :data:`MAX_POINTS` allows.

    Raises:
      UserError: there is no matrix of that name, the structure does not fit the arrays, or the file cannot
        be written.
    """
    if name not in weights:
        raise names.unknown(name, weights, "kernel map", "variable")
    if weights[name].ndim != 2:
        raise UserError(
            "'{}' has shape {}; a map can be drawn of a matrix only.".format(name, list(weights[name].shape))
        )
    save(_kernel_figure(name, weights[name], structure, sparsity.kept_units(weights, structure), step), path)


def unit_norms(path, weights, structure):
    """Draw the histogram of the units' norms, a panel per group; zero units are counted in the legend.

    Args:
      path: the PNG file.
      weights: name -> array of at least the variables that the structure speaks of.
      structure: the structure of the model.

    Raises:
      UserError: the structure does not fit the arrays, or the file cannot be written.
    """
    zero = sparsity.zero_units(weights, structure)
    norms = {group.name: _drawable(sparsity.norms(weights, group)[~zero[group.name]]) for group in structure}
    bins = _logarithmic_bins(np.concatenate(list(norms.values())))
    figure = new_figure(8.0, 1.2 + 1.6 * len(structure))
    panels = figure.subplots(len(structure), 1, sharex=True, squeeze=False)[:, 0]
    for group, panel in zip(structure, panels):
        label = "{}: {} of {} units are zero".format(group.name, zero[group.name].sum(), group.size)
        panel.hist(norms[group.name], bins, color=COLOURS[0], label=label)
        panel.set_ylabel("units")
        panel.yaxis.set_major_locator(ticker.MaxNLocator(4, integer=True))
        panel.legend(loc="upper left", handlelength=0, handletextpad=0)
    panels[0].set_title("Norms of the units' penalised weights")
    panels[-1].set_xscale("log")
    panels[-1].set_xlim(bins[0], bins[-1])
    panels[-1].set_xlabel("norm of a unit (log scale)")
    save(figure, path)


def history(path, rows):
    """Draw kept units and how good the model is over the epochs of a run.

    Args:
      path: the PNG file.
      rows: one ``{column: number}`` per epoch, at least one, with the columns ``epoch``, ``units/<group>/kept``,
        ``units/<group>/size`` and, as far as there are, ``train_perplexity`` and ``valid_perplexity`` of a language
        model or ``dev_em`` and ``dev_f1``, in percent, of question answering.

    Raises:
      UserError: the file cannot be written.
    """
    figure = new_figure(8.0, 6.0)
    units, quality = figure.subplots(2, 1, sharex=True)
    epochs = [row["epoch"] for row in rows]
    sizes = [column for column in rows[-1] if column.startswith("units/") and column.endswith("/size")]
    for number, size in enumerate(sizes):
        kept = size[: -len("size")] + "kept"
        name = size[len("units/") : -len("/size")]
        label = "{} kept {} of {}".format(name, rows[-1][kept], rows[-1][size])
        _line(units, epochs, [row[kept] for row in rows], number, label)
    units.set_ylim(0, 1.05 * max([rows[-1][size] for size in sizes], default=1))
    units.set_ylabel("units kept")
    what, columns = ("answers", _ANSWERS) if "dev_f1" in rows[-1] else ("perplexity", _PERPLEXITIES)
    units.set_title("Kept units and {} after each epoch".format(what))
    for number, (column, name) in enumerate(columns.items()):
        values = [row.get(column, np.nan) for row in rows]
        if np.isfinite(values).any():
            _line(quality, epochs, values, number, "{}, last {:,.2f}".format(name, values[-1]))
    if columns is _PERPLEXITIES:
        _perplexity_axis(quality)
        quality.set_ylabel("perplexity (log scale)")
    else:
        quality.set_ylim(0, 100)
        quality.set_ylabel("percent")
    quality.set_xlabel("epoch")
    quality.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    for panel in (units, quality):
        panel.grid(color="0.9")
        if len(panel.lines) > _MOST_INSIDE:
            panel.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize="small")
        elif panel.lines:
            panel.legend(loc="best")
    save(figure, path)


def iss_map(name, shape, structure, kept):
    """Which elements of a matrix are left once all dead units are cut out.

    Args:
      name: name of the variable.
      shape: its shape ``(rows, columns)``.
      structure: the structure of the model.
      kept: group name -> indices of the units that stay.

    Returns:
      bool ``[rows, columns]``, False in the rows and columns of removed units.
    """
    stays = np.ones(shape, dtype=bool)
    for group, part in _slices_of(name, structure):
        gone = np.setdiff1d(np.arange(group.size), kept[group.name])
        np.moveaxis(stays, part.axis, 0)[part.start + gone] = False
    return stays


def _kernel_figure(name, array, structure, kept, step=None):
    steps = [step or -(-length // MAX_POINTS) for length in array.shape]
    counts = [
        "{} kept {} of {}".format(group.name, len(kept[group.name]), group.size)
        for group in dict(_slices_of(name, structure))
    ]
    figure = new_figure(8.0, 8.0)
    figure.suptitle("\n".join(textwrap.fill(line, 90) for line in (name, ", ".join(counts)) if line))
    top, bottom = figure.subplots(2, 1, sharex=True)
    nonzero = array != 0
    _show(top, nonzero, steps, "non-zero weights (blue): {:.1%} of all".format(np.mean(nonzero)))
    left = iss_map(name, array.shape, structure, kept)
    _show(bottom, left, steps, "ISS map: rows and columns of kept units (blue): {:.1%} of all".format(np.mean(left)))
    bottom.set_xlabel(_axis_label("column", steps[1]))
    return figure


def _slices_of(name, structure):
    return [(group, part) for group in structure for part in group.slices if part.variable == name]


def _show(panel, points, steps, title):
    rows, columns = points.shape
    thinned = points[:: steps[0], :: steps[1]]
    panel.imshow(
        thinned,
        cmap=_BLUE_ON_WHITE,
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(0, columns, rows, 0),
    )
    panel.set_title(title, fontsize="medium")
    panel.set_ylabel(_axis_label("row", steps[0]))


def _axis_label(what, step):
    return what if step == 1 else "{} (1 of {} shown)".format(what, step)


def _drawable(norms):
    """Those that a log scale has a place for: a diverged model's are no numbers, and the smallest squares underflow."""
    finite = norms[np.isfinite(norms)]
    return finite[finite > 0]


def _logarithmic_bins(norms):
    low, high = (norms.min(), norms.max()) if norms.size else (0.1, 1.0)
    return np.geomspace(low / 1.2, high * 1.2, 50)


def _line(panel, epochs, values, number, label):
    panel.plot(
        epochs,
        values,
        color=COLOURS[number % len(COLOURS)],
        linestyle=_LINES[number // len(COLOURS) % len(_LINES)],
        marker=".",
        label=label,
    )


def _perplexity_axis(panel):
    """A log scale over the perplexities that say something, with ticks in plain numbers."""
    values = np.concatenate([line.get_ydata() for line in panel.lines] or [[]])
    values = values[np.isfinite(values)]
    if not values.size:
        return
    highest = min(values.max(), MAX_PERPLEXITY_RATIO * values.min())
    if highest < values.max():
        panel.set_title("above {:,.0f} cut off".format(highest), fontsize="medium", loc="right")
    panel.set_yscale("log")
    panel.set_ylim(values.min() / 1.05, highest * 1.05)
    wide = highest > 3 * values.min()
    panel.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 1.5, 2, 3, 5, 7)) if wide else ticker.MaxNLocator(6))
    panel.yaxis.set_minor_locator(ticker.NullLocator())
    panel.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,g}"))


def new_figure(width, height):
    """An empty figure of ``width x height`` inches whose panels make room for their labels."""
    figure = Figure(figsize=(width, height), constrained_layout=_MARGINS, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure, path):
    """Write a figure as PNG.

    Raises:
      UserError: the file cannot be written.
    """
    try:
        figure.savefig(path, dpi=_DPI, format="png")
    except OSError as error:
        raise UserError("'{}' cannot be written: {}.".format(path, error.strerror or error)) from error
