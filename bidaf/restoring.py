"""A trained model from wherever it lies: a run directory, or any checkpoint with a config beside it."""

import os
import zlib
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Optional

import numpy as np

from bidaf import config, prepare, reading, structure, variables, world
from bidaf.variables import DIRECTIONS, GLOVE, WORD_EMBEDDING
from bidaf.vocabulary import VOCABULARY, Vocabulary
from sparse_rnn import names
from sparse_rnn.errors import UserError
from sparse_rnn.training import averages, command_line, restoring
from sparse_rnn.training import config as configs
from sparse_rnn.training.run_directory import beside

WEIGHTS = ("average", "raw")


@dataclass
class Restored:
    """A trained model.

    Attributes:
      experiment: its Experiment; the sizes are those of the arrays.
      everything: ``{variable name: array}`` of its variables and their moving averages, as they were saved.
      weights: which of the two are read, one of :data:`WEIGHTS`.
      vocabulary: what it was trained with; None where a bare checkpoint does not tell.
      checkpoint: the prefix it was read from.
    """

    experiment: Any
    everything: Dict[str, np.ndarray]
    weights: str
    vocabulary: Optional[Vocabulary]
    checkpoint: str

    @property
    def arrays(self):
        """``{variable name: array}`` of what evaluation reads."""
        return without_averages(averages.of(self.everything) if self.weights == "average" else self.everything)

    @property
    def folder(self):
        """Where the checkpoint lies."""
        return os.path.dirname(self.checkpoint) or "."

    @property
    def counts(self):
        """The :class:`bidaf.variables.Counts` of the arrays."""
        return counts_of(self.experiment.model, self.everything)


def without_averages(arrays):
    """The arrays that are no moving average."""
    return {name: array for name, array in arrays.items() if not name.endswith(averages.SUFFIX)}


def restore(path, experiment=None, which="newest", weights="average", overrides=()):
    """Read a trained model.

    Args:
      path: a run directory or its best/, a folder with a checkpoint, or a checkpoint prefix.
      experiment: the Experiment to read the checkpoint as; by default the run's own config.
      which: "newest" or "best", for a run directory.
      weights: "average" reads the moving averages, where there are any; "raw" the weights themselves.
      overrides: ``"train.batch_size=1"``, changes of the run's own config.

    Raises:
      UserError: nothing is there, it is damaged, or it does not fit the experiment.
    """
    models = restoring.Models(config.Experiment, with_sizes_of, _structure, resized)
    experiment, prefix, arrays = restoring.opened(models, path, experiment, which, overrides)
    written = beside(path, VOCABULARY)
    vocabulary = Vocabulary.load(os.path.dirname(written) or ".") if written else None
    counts = counts_of(experiment.model, arrays, prefix)
    if vocabulary is not None:
        _check_vocabulary(vocabulary, experiment.model, counts, written, prefix)
    shapes = variables.shapes(experiment.model, counts)
    if GLOVE not in arrays:
        shapes.pop(GLOVE, None)  # the original's checkpoints do not hold them; they are in the data
    found = restoring.matched(arrays, shapes, prefix)
    for name in shapes:
        for spelling in (name, names.other_spelling(name) or name):
            if spelling + averages.SUFFIX in arrays:
                found[name + averages.SUFFIX] = arrays[spelling + averages.SUFFIX]
    return Restored(experiment, found, weights, vocabulary, prefix)


def _check_vocabulary(vocabulary, options, counts, path, source):
    """Refuse a vocabulary whose ids are not the rows of the arrays; the size of the vectors may have been cut."""
    listed = reading.counts_of(vocabulary)
    pairs = [
        (listed.words, counts.words, options.use_words),
        (listed.glove, counts.glove, counts.glove > 0),
        (listed.chars, counts.chars, options.use_chars),
    ]
    if any(one != other for one, other, used in pairs if used):
        raise UserError(
            "{}: it lists {:,} words and {:,} characters, checkpoint '{}' has {:,} and {:,}; put the run's own "
            "vocabulary back.".format(
                path, listed.words + listed.glove, listed.chars, source, counts.words + counts.glove, counts.chars
            )
        )


def _structure(options, arrays, source):
    return structure.structure(options, counts_of(options, arrays, source).word_size)


def counts_of(options, arrays, source="the model"):
    """The :class:`bidaf.variables.Counts` of a model's arrays."""
    used = [WORD_EMBEDDING] * options.use_words + [variables.CHAR_EMBEDDING] * options.use_chars
    rows = {name: len(np.atleast_1d(restoring.array(arrays, name, source))) for name in used}
    rows[GLOVE] = len(arrays.get(GLOVE, ())) if options.use_words else 0
    width = restoring.width(arrays, WORD_EMBEDDING, source) if options.use_words else 1
    return variables.Counts(rows.get(WORD_EMBEDDING, 2), rows[GLOVE], rows.get(variables.CHAR_EMBEDDING, 2), width)


def with_sizes_of(options, arrays, source):
    """The model section with sizes that it leaves open (``hidden_size`` null) taken from the arrays."""
    if options.hidden_size is not None:
        return options
    arrays = restoring.given(arrays, source)
    units = {
        variables.group(layer, direction): restoring.width(arrays, variables.cell(layer, direction), source) // 4
        for layer in (variables.ENCODER,) + variables.MODELLING + (variables.OUTPUT,)
        for direction in DIRECTIONS
    }
    if options.use_words:
        units[variables.WORD_GROUP] = restoring.width(arrays, WORD_EMBEDDING, source)
    if options.use_chars:
        units[variables.CHAR_GROUP] = restoring.width(arrays, variables.CHAR_EMBEDDING, source)
        for height in options.char_heights:
            filters = restoring.array(arrays, variables.conv(height), source)
            units[variables.char_group(height)] = np.shape(filters)[-1]
    if options.logits == "double":
        units[variables.ATTENTION_GROUP] = restoring.width(arrays, variables.attention("first"), source)
    return resized(replace(options, hidden_size=max(units[name] for name in variables.lstm_groups())), units)


def resized(options, units):
    """The model section with the given sizes of its groups, ``{group: units}``; as it is where there are none."""
    return replace(options, units=dict(options.units, **{name: int(size) for name, size in units.items()}))


def given_vectors(vocabulary, options):
    """What a new model begins with: ``{variable name: array}`` of the word vectors."""
    if not options.use_words:
        return {}
    return {WORD_EMBEDDING: vocabulary.trained_vectors, GLOVE: vocabulary.fixed_vectors}


def described(prepared):
    """What a run's origin says of its data."""
    summary = prepared.summary
    checksum = zlib.crc32(repr(sorted((summary.get("files") or summary).items())).encode("utf-8"))
    counts = summary["counts"]
    return {
        "sources": summary.get("sources"),
        "questions": [counts[name]["questions"] for name in sorted(counts)],
        "vocabulary": asdict(reading.counts_of(prepared.vocabulary)),
        "checksum": "{:08x}".format(checksum),
    }


def data_for(restored, path):
    """The data at ``path`` in the words of a trained model.

    Raises:
      UserError: it cannot be read, or the model's vocabulary is not known and the data's is of another size.
    """
    prepared = prepare.open_data(path, restored.vocabulary)
    if restored.vocabulary is None:
        options, arrays = restored.experiment.model, restored.everything
        known, found = counts_of(options, arrays), reading.counts_of(prepared.vocabulary)
        pairs = [
            (known.words, found.words, options.use_words),
            (known.word_size, found.word_size, options.use_words),
            (known.chars, found.chars, options.use_chars),
        ]
        if any(one != other for one, other, used in pairs if used):
            raise UserError(
                "checkpoint '{}' knows {:,} words with vectors of {} numbers and {:,} characters, the data in '{}' has "
                "{:,}, {} and {:,}; give the data it was trained on.".format(
                    restored.checkpoint,
                    known.words,
                    known.word_size,
                    known.chars,
                    path,
                    found.words,
                    found.word_size,
                    found.chars,
                )
            )
    if restored.experiment.model.use_words:
        restored.everything.setdefault(GLOVE, prepared.vocabulary.fixed_vectors)
    return prepared


def add_data(parser):
    """``--data_path``."""
    parser.add_argument(
        "--data_path",
        required=True,
        help="folder made by bidaf/prepare.py, or '{}' for an invented world".format(world.BUILTIN),
    )


def add_weights(parser):
    """``--weights``."""
    parser.add_argument(
        "--weights",
        choices=WEIGHTS,
        default="average",
        help="average: the moving averages of the weights, where the run kept them; raw: the weights themselves "
        "(default: average)",
    )


def add_flags(parser):
    """The flags of a command that reads trained models, beside where these are."""
    command_line.add_config(parser, required=False)
    restoring.add_checkpoint(parser)
    add_weights(parser)
    command_line.add_device(parser)


def from_flags(flags, path):
    """The Restored at ``path`` that the flags of :func:`add_flags` mean."""
    if flags.config is None:
        return restore(path, None, flags.checkpoint, flags.weights, flags.overrides)
    experiment = configs.load(config.Experiment, flags.config, flags.overrides)
    return restore(path, experiment, flags.checkpoint, flags.weights)
