"""A model's answers on disk: the texts as SQuAD's evaluation reads them, and the probabilities behind them.

``answers-<split>.json`` holds ``{id: answer}`` with the further keys ``scores`` and, of a model that may say nothing,
``na``; ``answers-<split>.npz`` the probability of each word of the context to begin and to end the answer.
"""

import os
from collections import namedtuple

import numpy as np

from bidaf import metrics
from sparse_rnn import files
from sparse_rnn.errors import UserError

#: One answer as it was written: row of the split, text, score, first and last token (inclusive) of the best span, and
#: for each token of the context, up to where the model read it, the probability to begin and to end the answer.
Written = namedtuple("Written", "row text score span start stop")


def paths(folder, split_name):
    """The two files of a split in a folder."""
    return tuple(os.path.join(folder, "answers-{}.{}".format(split_name, ending)) for ending in ("json", "npz"))


def write(folder, split, answers):
    """Write answers to the questions of a split.

    Args:
      folder: where the two files go.
      split: the :class:`bidaf.data.Split`.
      answers: objects with ``row``, ``text``, ``score``, ``span`` (first and last token, inclusive),
        ``start`` and ``stop`` (probabilities of the context's tokens) and ``no_answer`` (a probability, or None).

    Returns:
      The path of the JSON file.

    Raises:
      UserError: a file cannot be written.
    """
    texts, arrays = paths(folder, split.name)
    answers = sorted(answers, key=lambda answer: answer.row)
    value = {split.ids[answer.row]: answer.text for answer in answers}
    value["scores"] = {split.ids[answer.row]: float(answer.score) for answer in answers}
    none = {split.ids[answer.row]: float(answer.no_answer) for answer in answers if answer.no_answer is not None}
    if none:
        value["na"] = none
    files.write_json(texts, value)
    lengths = [len(answer.start) for answer in answers]
    files.write_arrays(
        arrays,
        {
            "rows": np.array([answer.row for answer in answers], np.int32),
            "spans": np.array([answer.span for answer in answers], np.int32).reshape(-1, 2),
            "begins": np.cumsum([0] + lengths, dtype=np.int64),
            "start": np.concatenate([answer.start for answer in answers] or [[]]).astype(np.float32),
            "stop": np.concatenate([answer.stop for answer in answers] or [[]]).astype(np.float32),
        },
    )
    return texts


def read(folder, split):
    """The :class:`Written` answers to the questions of a split, by row.

    Raises:
      UserError: the files cannot be read, or are not to the questions of this split.
    """
    texts, arrays = paths(folder, split.name)
    predictions, scores = metrics.read_predictions(texts), files.read_json(texts).get("scores", {})
    stored = files.read_arrays(arrays)
    try:
        begins = stored["begins"]
        pieces = [slice(begin, end) for begin, end in zip(begins, begins[1:])]
        return [
            Written(
                row,
                predictions[split.ids[row]],
                scores[split.ids[row]],
                tuple(span),
                *(_fitting(stored[name][piece], split, row) for name in ("start", "stop")),
            )
            for row, span, piece in zip(stored["rows"].tolist(), stored["spans"].tolist(), pieces)
        ]
    except (KeyError, IndexError, ValueError, TypeError):
        raise UserError(
            "{} and {}: these are not the answers to the {} questions of this data; evaluate the run again.".format(
                texts, arrays, split.name
            )
        ) from None


def _fitting(values, split, row):
    if len(values) > split.context_lengths[row]:
        raise ValueError("more probabilities than tokens")
    return values
