"""A trained language model from wherever it lies: a run directory, or any checkpoint with a config beside it."""

from dataclasses import dataclass, replace
from typing import Any, Dict

import numpy as np

from sparse_rnn.errors import UserError
from sparse_rnn.training import averages, command_line, restoring
from sparse_rnn.training.language.trainer import Trainer
from sparse_rnn.training.run_directory import beside

VOCABULARY = "vocabulary.txt"


@dataclass
class Restored:
    """A trained model.

    Attributes:
      trainer: the Trainer whose model it is.
      experiment: its Experiment; the sizes are those of the arrays.
      arrays: ``{variable name: array}`` of its trainable variables, of their moving averages where the run kept them.
      vocabulary: the vocabulary it was trained with; None where a bare checkpoint does not tell.
      checkpoint: the prefix it was read from.
    """

    trainer: Trainer
    experiment: Any
    arrays: Dict[str, np.ndarray]
    vocabulary: Any
    checkpoint: str

    @property
    def vocabulary_size(self):
        """Number of words the model knows."""
        return self.trainer.vocabulary_size(self.arrays)

    @property
    def structure(self):
        """The model's UnitGroups."""
        return self.trainer.structure(self.experiment.model, self.vocabulary_size)


def restore(trainer, path, experiment=None, which="newest", overrides=()):
    """Read a trained model.

    Args:
      trainer: the Trainer whose model it is.
      path: a run directory or its best/, a folder with a checkpoint, or a checkpoint prefix.
      experiment: the Experiment to read the checkpoint as; by default the run's own config.
      which: "newest" or "best", for a run directory.
      overrides: ``"train.batch_size=1"``, changes of the run's own config.

    Raises:
      UserError: nothing is there, it is damaged, or it does not fit the experiment.
    """
    models = restoring.Models(
        trainer.experiment,
        trainer.with_sizes_of,
        lambda model, arrays, source: trainer.structure(model, _words(trainer, arrays, source)),
        trainer.resized,
    )
    experiment, prefix, arrays = restoring.opened(models, path, experiment, which, overrides)
    shapes = trainer.shapes(experiment.model, _words(trainer, arrays, prefix))
    arrays = restoring.matched(averages.of(arrays), shapes, prefix)
    written = beside(path, VOCABULARY)
    vocabulary = trainer.load_vocabulary(written, experiment.data) if written else None
    return Restored(trainer, experiment, arrays, vocabulary, prefix)


def _words(trainer, arrays, source):
    return len(np.atleast_1d(restoring.array(arrays, trainer.embedding, source)))


def with_sizes_of(trainer, experiment, arrays, source):
    """The experiment with sizes that its config leaves open (null) taken from the arrays."""
    return replace(experiment, model=trainer.with_sizes_of(experiment.model, arrays, source))


def resized(trainer, experiment, sizes):
    """The experiment with the model at ``{group: units}``; as it is where that is empty."""
    return replace(experiment, model=trainer.resized(experiment.model, sizes)) if sizes else experiment


def corpus_for(restored, data_path):
    """The text at ``data_path`` in the words of a trained model.

    Raises:
      UserError: the text cannot be read, or the model's vocabulary is not known and the text's is of another size.
    """
    corpus = restored.trainer.load_corpus(data_path, restored.experiment.data, restored.vocabulary)
    if len(corpus.vocabulary) != restored.vocabulary_size:
        raise UserError(
            "checkpoint '{}' knows {:,} {}s, the text '{}' has {:,}; give the text it was trained on.".format(
                restored.checkpoint, restored.vocabulary_size, corpus.unit, corpus.name, len(corpus.vocabulary)
            )
        )
    return corpus


def add_flags(trainer, parser):
    """The flags of a command that reads a trained model and a text."""
    command_line.add_restore(parser, required=True)
    command_line.add_config(parser, required=False)
    restoring.add_checkpoint(parser)
    command_line.add_data(parser, trainer.data_help)
    command_line.add_device(parser)


def from_flags(trainer, flags, experiment):
    """The Restored that the flags of :func:`add_flags` mean; ``experiment`` is that of ``--config``, if given."""
    overrides = () if experiment is not None else flags.overrides
    return restore(trainer, flags.restore_path, experiment, flags.checkpoint, overrides)
