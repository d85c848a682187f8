"""Prepared data: texts as token ids in flat arrays, with the places of the tokens in the texts.

A folder of prepared data holds, for each split, ``<split>.npz`` (arrays) and ``<split>.json`` (texts), the vocabulary
(``vocabulary.json``, ``vectors.npz``), the distinct tokens (``tokens.json``), what could not be used
(``left_out.txt``) and, written last, ``prepared.json``: what it was made from and the checksums of all this.
"""

import hashlib
import os

import numpy as np

from bidaf.vocabulary import Vocabulary
from sparse_rnn import files
from sparse_rnn.errors import UserError

SUMMARY, TOKENS, LEFT_OUT = "prepared.json", "tokens.json", "left_out.txt"
#: Changes when folders that were prepared before can no longer be read.
FORMAT = 1
_ARRAYS = (
    "context_tokens",
    "context_begins",
    "starts",
    "stops",
    "sentences",
    "question_tokens",
    "question_begins",
    "paragraphs",
    "spans",
    "span_begins",
)


class TokenTable:
    """The distinct tokens of all texts; a text is stored as rows of this table.

    Args:
      tokens: the tokens.
      vocabulary: the Vocabulary whose ids they get.

    Attributes:
      tokens: the tokens.
      words: their word ids, int32 ``[tokens]``.
    """

    def __init__(self, tokens, vocabulary):
        self.tokens = tokens
        self.words = np.fromiter((vocabulary.word_id(token) for token in tokens), np.int32, len(tokens))
        self._vocabulary = vocabulary

    def characters(self, size):
        """The tokens' character ids, int32 ``[tokens, size]``; longer tokens are cut, shorter ones padded with 0."""
        known = {}
        table = np.zeros((len(self.tokens), size), np.int32)
        for row, token in zip(table, self.tokens):
            for place, character in enumerate(token[:size]):
                if character not in known:
                    known[character] = self._vocabulary.character_id(character)
                row[place] = known[character]
        return table


class Split:
    """The questions of one file, a row each, and their contexts.

    Args:
      name: "train", "dev" or another.
      arrays: ``{name: array}``, see below.
      texts: ``{"contexts": [text], "questions": [{"id", "question", "answers"}], "left_out": {id: [gold answers]}}``.
      table: the TokenTable.

    Attributes:
      context_tokens, context_begins: rows of the table, int32; paragraph p has those of
        ``[context_begins[p], context_begins[p + 1])``.
      starts, stops, sentences: for each of the context_tokens, its first character, the one behind its last, and the
        number of its sentence.
      question_tokens, question_begins: likewise, a question per row.
      paragraphs: the paragraph of each row.
      spans, span_begins: first and last token (inclusive) of each gold answer that could be aligned, ``[spans, 2]``.
      ids, questions, answers: per row the id, the text, and the texts of all gold answers.
      contexts: text per paragraph.
      left_out: gold answers of the questions that have no row, by id; they count as unanswered.
    """

    def __init__(self, name, arrays, texts, table):
        self.name, self.table = name, table
        self.context_tokens, self.context_begins = arrays["context_tokens"], arrays["context_begins"]
        self.starts, self.stops, self.sentences = arrays["starts"], arrays["stops"], arrays["sentences"]
        self.question_tokens, self.question_begins = arrays["question_tokens"], arrays["question_begins"]
        self.paragraphs = arrays["paragraphs"]
        self.spans, self.span_begins = arrays["spans"], arrays["span_begins"]
        self.contexts = texts["contexts"]
        self.ids = [question["id"] for question in texts["questions"]]
        self.questions = [question["question"] for question in texts["questions"]]
        self.answers = [question["answers"] for question in texts["questions"]]
        self.left_out = texts["left_out"]

    def __len__(self):
        return len(self.ids)

    @property
    def context_lengths(self):
        """Tokens of each row's context."""
        return np.diff(self.context_begins)[self.paragraphs]

    @property
    def question_lengths(self):
        """Tokens of each row's question."""
        return np.diff(self.question_begins)

    def context_slice(self, row):
        """Where the row's context lies in ``context_tokens``, ``starts``, ``stops`` and ``sentences``."""
        paragraph = self.paragraphs[row]
        return slice(self.context_begins[paragraph], self.context_begins[paragraph + 1])

    def spans_of(self, row):
        """First and last token of the row's gold answers, ``[answers, 2]``; none where none could be aligned."""
        return self.spans[self.span_begins[row] : self.span_begins[row + 1]]

    def context_of(self, row):
        """The text of the row's context."""
        return self.contexts[self.paragraphs[row]]

    def answer_text(self, row, start, stop):
        """What stands in the row's context from token ``start`` to token ``stop``, inclusive."""
        place = self.context_slice(row)
        return self.context_of(row)[self.starts[place][start] : self.stops[place][stop]]

    def gold(self):
        """The gold answers of every question of the file, ``{id: [text, ...]}``, those without a row included."""
        return dict(zip(self.ids, self.answers), **self.left_out)

    def arrays(self):
        """The arrays, by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def texts(self):
        """The texts, as the constructor takes them."""
        questions = zip(self.ids, self.questions, self.answers)
        return {
            "contexts": self.contexts,
            "questions": [{"id": id, "question": text, "answers": gold} for id, text, gold in questions],
            "left_out": self.left_out,
        }


class Prepared:
    """A whole data set: splits over one table of tokens.

    Args:
      splits: the Splits by name.
      vocabulary: the Vocabulary.
      summary: what it was made from, counts and versions, ready for JSON.
      left_out: a sentence for every question or answer that could not be used.
    """

    def __init__(self, splits, vocabulary, summary, left_out=()):
        self.splits, self.vocabulary, self.summary, self.left_out = splits, vocabulary, summary, list(left_out)

    @property
    def train(self):
        """The training split."""
        return self.splits["train"]

    @property
    def dev(self):
        """The split that chooses the best checkpoint."""
        return self.splits["dev"]

    def read_with(self, vocabulary):
        """The same data with the ids of another vocabulary."""
        table = TokenTable(self.train.table.tokens, vocabulary)
        splits = {name: Split(name, split.arrays(), split.texts(), table) for name, split in self.splits.items()}
        return Prepared(splits, vocabulary, self.summary, self.left_out)

    def save(self, folder):
        """Write everything into an existing, empty folder; prepared.json comes last."""
        self.vocabulary.save(folder)
        files.write_json(os.path.join(folder, TOKENS), self.train.table.tokens)
        files.write_text(os.path.join(folder, LEFT_OUT), "".join(line + "\n" for line in self.left_out))
        for name, split in self.splits.items():
            files.write_arrays(os.path.join(folder, name + ".npz"), split.arrays())
            files.write_json(os.path.join(folder, name + ".json"), split.texts())
        checksums = {name: checksum(os.path.join(folder, name)) for name in files.names_in(folder)}
        summary = dict(self.summary, format=FORMAT, splits=list(self.splits), files=checksums)
        files.write_json(os.path.join(folder, SUMMARY), summary)


def summary_in(folder):
    """What prepared.json in a folder says; None where the folder is not there or has none.

    Raises:
      UserError: there is one that cannot be read or is of another version.
    """
    path = os.path.join(folder, SUMMARY)
    if not os.path.exists(path):
        return None
    summary = files.read_json(path)
    if not isinstance(summary, dict) or summary.get("format") != FORMAT:
        raise UserError(
            "'{}' was prepared by another version of this program; prepare the data again into another folder.".format(
                folder
            )
        )
    return summary


def load(folder, vocabulary=None):
    """The :class:`Prepared` data in a folder.

    Args:
      folder: what ``bidaf/prepare.py --target_path`` wrote.
      vocabulary: a trained model's, to be used instead of the one that lies there.

    Raises:
      UserError: nothing was prepared there, or it is damaged or of another version.
    """
    summary = summary_in(folder)
    if summary is None:
        raise UserError(
            "'{}' holds no prepared data; make it with: python bidaf/prepare.py --train=FILE --dev=FILE "
            "--target_path={}.".format(folder, folder)
        )
    recorded, names = summary.get("files"), summary.get("splits")
    if not isinstance(recorded, dict) or not isinstance(names, list):
        raise _damaged(folder, SUMMARY)
    for name, recorded_checksum in recorded.items():
        if checksum(os.path.join(folder, name)) != recorded_checksum:
            raise _damaged(folder, name)
    # What follows is as it was written.
    vocabulary = vocabulary or Vocabulary.load(folder)
    table = TokenTable(files.read_json(os.path.join(folder, TOKENS)), vocabulary)
    splits = {name: _load_split(folder, name, table) for name in names}
    left_out = files.read_text(os.path.join(folder, LEFT_OUT)).splitlines()
    return Prepared(splits, vocabulary, summary, left_out)


def _load_split(folder, name, table):
    path = os.path.join(folder, name)
    return Split(name, files.read_arrays(path + ".npz"), files.read_json(path + ".json"), table)


def checksum(path):
    """The SHA-256 of a file, as hex digits.

    Raises:
      UserError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise UserError("{}: cannot be read: {}.".format(path, error.strerror or error)) from None
    return digest.hexdigest()


def _damaged(folder, name):
    return UserError(
        "{}: this is no longer what was prepared; delete the folder and prepare the data again.".format(
            os.path.join(folder, name)
        )
    )
