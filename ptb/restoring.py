"""A trained model from wherever it lies: a run directory, or any checkpoint with a config beside it."""

import os
from dataclasses import dataclass, replace
from typing import Any, Dict, Optional

import numpy as np

from ptb import config, original_config, variables
from sparse_rnn import checkpoints, names
from sparse_rnn.errors import UserError
from sparse_rnn.training import command_line, text
from sparse_rnn.training.run_directory import BEST, CONFIG, beside

VOCABULARY = "vocabulary.txt"
CHECKPOINTS = ("newest", "best")


@dataclass
class Restored:
    """A trained model.

    Attributes:
      experiment: its Experiment; the sizes are those of the arrays.
      arrays: ``{variable name: array}`` of its trainable variables.
      vocabulary: the Vocabulary it was trained with; None where a bare checkpoint does not tell.
      checkpoint: the prefix it was read from.
    """

    experiment: Any
    arrays: Dict[str, np.ndarray]
    vocabulary: Optional[text.Vocabulary]
    checkpoint: str

    @property
    def vocabulary_size(self):
        """Number of words the model knows."""
        return self.arrays[variables.EMBEDDING].shape[0]


def restore(path, experiment=None, which="newest", overrides=()):
    """Read a trained model.

    Args:
      path: a run directory or its best/, a folder with a checkpoint, or a checkpoint prefix.
      experiment: the Experiment to read the checkpoint as; by default the run's own config.
      which: "newest" or "best", for a run directory.
      overrides: ``"train.batch_size=1"``, changes of the run's own config.

    Raises:
      UserError: nothing is there, it is damaged, or it does not fit the experiment.
    """
    if experiment is None:
        recorded = beside(path, CONFIG)
        if recorded is None:
            raise UserError("'{}' is no run directory; give --config with a bare checkpoint.".format(path))
        experiment = config.load_experiment(recorded, overrides=overrides)
    prefix = checkpoints.find(os.path.join(path, BEST) if which == "best" else path)
    arrays = _named_as_here(checkpoints.read(prefix))
    experiment = with_sizes_of(experiment, arrays, prefix)
    words = beside(path, VOCABULARY)
    vocabulary = text.Vocabulary.load(words) if words else None
    return Restored(experiment, _matched(arrays, experiment, prefix), vocabulary, prefix)


def _named_as_here(arrays):
    """The same arrays with ``weights``/``biases`` of TensorFlow <= 1.1 called ``kernel``/``bias``."""
    return {
        names.other_spelling(name) if name.endswith(("/weights", "/biases")) else name: array
        for name, array in arrays.items()
    }


def with_sizes_of(experiment, arrays, source):
    """The experiment with sizes that its config leaves open (null) taken from the arrays."""
    options = experiment.model
    if arrays is None and None in (options.embedding_size, options.hidden_sizes):
        raise UserError(
            "{} leaves the model's sizes open (null); give --restore_path with a run that has them.".format(source)
        )
    if options.embedding_size is None:
        options = replace(options, embedding_size=_width(arrays, variables.EMBEDDING, source))
    if options.hidden_sizes is None:
        sizes = []
        while variables.kernel(len(sizes)) in arrays:
            sizes.append(_width(arrays, variables.kernel(len(sizes)), source) // 4)
        _array(arrays, variables.kernel(max(len(sizes) - 1, 0)), source)
        options = replace(options, hidden_sizes=tuple(sizes))
    return replace(experiment, model=options)


def _matched(arrays, experiment, source):
    """The trainable variables among the arrays, held against the shapes of the experiment's model."""
    vocabulary_size = len(np.atleast_1d(_array(arrays, variables.EMBEDDING, source)))
    wanted = variables.shapes(experiment.model, vocabulary_size)
    for name, shape in wanted.items():
        found = np.shape(_array(arrays, name, source))
        if tuple(found) != tuple(shape):
            raise UserError(
                "checkpoint '{}' holds '{}' with shape {}, the config makes it {}; give the config it was "
                "trained with.".format(source, name, list(found), list(shape))
            )
    return {name: np.asarray(arrays[name], np.float32) for name in wanted}


def _array(arrays, name, source):
    if name not in arrays:
        raise names.unknown(name, arrays, "checkpoint '{}'".format(source), "variable")
    return arrays[name]


def _width(arrays, name, source):
    """Columns of a matrix."""
    shape = np.shape(_array(arrays, name, source))
    if len(shape) != 2:
        raise UserError(
            "checkpoint '{}' holds '{}' with shape {}; it must be a matrix.".format(source, name, list(shape))
        )
    return shape[1]


def corpus_for(restored, data_path):
    """The text at ``data_path`` in the words of a trained model.

    Raises:
      UserError: the text cannot be read, or the model's vocabulary is not known and the text's is of another size.
    """
    corpus = text.load_corpus(data_path, restored.experiment.data.max_vocabulary, restored.vocabulary)
    if len(corpus.vocabulary) != restored.vocabulary_size:
        raise UserError(
            "checkpoint '{}' knows {:,} words, the text '{}' has {:,}; give the text it was trained on.".format(
                restored.checkpoint, restored.vocabulary_size, corpus.name, len(corpus.vocabulary)
            )
        )
    return corpus


def add_flags(parser):
    """The flags of a command that reads a trained model and a text."""
    command_line.add_restore(parser, required=True)
    command_line.add_config(parser, required=False)
    add_model(parser)
    parser.add_argument(
        "--checkpoint", choices=CHECKPOINTS, default="newest", help="which one of a run directory (default: newest)"
    )
    command_line.add_data(parser)
    command_line.add_device(parser)


def add_model(parser):
    """``--model``, the half of an experiment that the original's files leave out."""
    known = ", ".join(original_config.MODELS)
    parser.add_argument("--model", help="with a JSON file of the original code, one of {}".format(known))


def from_flags(flags):
    """The Restored that the flags of :func:`add_flags` mean."""
    if flags.config is None:
        if flags.model is not None:
            raise UserError("--model: it is for a --config of the original code; a run has its own.")
        return restore(flags.restore_path, None, flags.checkpoint, flags.overrides)
    experiment = config.load_experiment(flags.config, flags.model, flags.overrides)
    return restore(flags.restore_path, experiment, flags.checkpoint)
