"""Reading a trained model's arrays from wherever they lie, and holding them against the model they are read as."""

import os
from dataclasses import dataclass, replace
from typing import Any, Callable, Type

import numpy as np

from sparse_rnn import checkpoints, files, names
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, shrinking
from sparse_rnn.training.run_directory import BEST, CONFIG, ORIGIN, beside

CHECKPOINTS = ("newest", "best")
#: The folders of the trainers, whose runs differ in their configs.
TRAINERS = ("ptb", "rhns", "bidaf")


@dataclass(frozen=True)
class Models:
    """What a trainer knows of its models.

    Attributes:
      experiment: the dataclass of its config.
      with_sizes_of: maps (model section, arrays, source) to the section with its open sizes taken from the arrays;
        ``source`` says in errors where the arrays are from.
      structure: maps (model section, arrays, source) to the model's UnitGroups.
      resized: maps (model section, ``{group: units}``) to the section at these sizes.
    """

    experiment: Type[Any]
    with_sizes_of: Callable[..., Any]
    structure: Callable[..., Any]
    resized: Callable[..., Any]


def opened(models, path, experiment=None, which="newest", overrides=()):
    """A trained model before its arrays are held against it: ``(experiment, prefix, arrays)``.

    Args:
      models: the trainer's Models.
      path: a run directory or its best/, a folder with a checkpoint, or a checkpoint prefix.
      experiment: the Experiment to read the checkpoint as; by default the run's own config.
      which: one of :data:`CHECKPOINTS`, for a run directory.
      overrides: ``"train.batch_size=1"``, changes of the run's own config.

    Returns:
      The Experiment at the sizes of the arrays, the checkpoint's prefix, and its ``{variable name: array}``.

    Raises:
      UserError: nothing is there, it is damaged, or it does not fit the experiment.
    """
    if experiment is None:
        recorded = recorded_config(path)
        _refuse_another_trainers(models, path)
        experiment = config.load(models.experiment, recorded, overrides)
    prefix, arrays = read(path, which)
    model = models.with_sizes_of(experiment.model, arrays, prefix)
    # A run that shrinks says in each checkpoint what is left of the model in its config.
    model = models.resized(model, shrinking.sizes_in(arrays, models.structure(model, arrays, prefix)))
    return replace(experiment, model=model), prefix, arrays


def _refuse_another_trainers(models, path):
    """By the command that origin.json tells, before the config is read as what it is not."""
    told = beside(path, ORIGIN)
    script = files.read_json(told).get("command", ["", ""])[1] if told else ""
    made_by, mine = os.path.basename(os.path.dirname(script)), models.experiment.__module__.partition(".")[0]
    if made_by in TRAINERS and made_by != mine:
        raise UserError(
            "'{}' is a run of {}/, not of {}/; use the commands in {}/.".format(path, made_by, mine, made_by)
        )


def recorded_config(path):
    """The config.json that goes with a run directory or a checkpoint in it.

    Raises:
      UserError: there is none.
    """
    recorded = beside(path, CONFIG)
    if recorded is None:
        raise UserError("'{}' is no run directory; give --config with a bare checkpoint.".format(path))
    return recorded


def read(path, which="newest"):
    """A checkpoint's prefix and its arrays, ``weights``/``biases`` of TensorFlow <= 1.1 called ``kernel``/``bias``.

    Args:
      path: a run directory or its best/, a folder with a checkpoint, or a checkpoint prefix.
      which: one of :data:`CHECKPOINTS`, for a run directory.

    Raises:
      UserError: nothing is there, or it is damaged.
    """
    prefix = checkpoints.find(os.path.join(path, BEST) if which == "best" else path)
    return prefix, {
        names.other_spelling(name) if name.endswith(("/weights", "/biases")) else name: array
        for name, array in checkpoints.read(prefix).items()
    }


def matched(arrays, shapes, source):
    """The arrays that a model needs, float32, held against its shapes.

    Args:
      arrays: ``{variable name: array}``.
      shapes: ``{variable name: shape}`` of the model's trainable variables.
      source: the checkpoint's prefix, for the error.

    Raises:
      UserError: a variable is missing or has another shape.
    """
    for name, shape in shapes.items():
        found = np.shape(array(arrays, name, source))
        if tuple(found) != tuple(shape):
            raise UserError(
                "checkpoint '{}' holds '{}' with shape {}, the config makes it {}; give the config it was "
                "trained with.".format(source, name, list(found), list(shape))
            )
    return {name: np.asarray(arrays[name], np.float32) for name in shapes}


def array(arrays, name, source):
    """The array of that name; a UserError with the nearest name where there is none."""
    if name not in arrays:
        raise names.unknown(name, arrays, "checkpoint '{}'".format(source), "variable")
    return arrays[name]


def width(arrays, name, source):
    """Columns of a matrix; a UserError where it is none."""
    shape = np.shape(array(arrays, name, source))
    if len(shape) != 2:
        raise UserError(
            "checkpoint '{}' holds '{}' with shape {}; it must be a matrix.".format(source, name, list(shape))
        )
    return shape[1]


def given(arrays, source):
    """The arrays that open sizes are taken from; a UserError where there is no checkpoint to take them from."""
    if arrays is None:
        raise UserError(
            "{} leaves the model's sizes open (null); give --restore_path with a run that has them.".format(source)
        )
    return arrays


def layer_sizes(arrays, matrix_of, source, blocks=1):
    """The units of each layer of a checkpoint, as a tuple.

    Args:
      arrays: ``{variable name: array}``; None where there is no checkpoint.
      matrix_of: maps the number of a layer to the name of a matrix ``[.., blocks * units]`` of it.
      source: the checkpoint's prefix, or the config that leaves the sizes open, for the error.
      blocks: blocks of columns that a layer's matrix has.

    Raises:
      UserError: there is no checkpoint, or no such matrix in it.
    """
    arrays = given(arrays, source)
    sizes = []
    while not sizes or matrix_of(len(sizes)) in arrays:
        sizes.append(width(arrays, matrix_of(len(sizes)), source) // blocks)
    return tuple(sizes)


def add_checkpoint(parser):
    """``--checkpoint``."""
    parser.add_argument(
        "--checkpoint",
        choices=CHECKPOINTS,
        default="newest",
        help="which one of a run directory (default: newest)",
    )
