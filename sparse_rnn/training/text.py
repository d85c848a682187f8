"""Text for language models: words, vocabularies, the three splits of a corpus, and batches of them.

A corpus is a folder of three tokenised files as the Penn Treebank comes (Mikolov et al. 2011), one plain text
file of anyone's own, or the built-in corpus. Words the vocabulary lacks become ``<unk>`` and are counted.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import builtin_corpus

UNKNOWN = "<unk>"
END = "<eos>"
BUILTIN = "builtin"
SPLITS = ("train", "valid", "test")

_SENTENCE_END = re.compile(r"([.!?][\"')\]”]*)\s+(?=[^\sa-z])")
_PARAGRAPH_END = re.compile(r"\n\s*\n")
_TOKEN = re.compile(r"<unk>|<eos>|[^\W_]+(?:'[^\W_]+)*|[()\[\]{}]|([^\w\s]|_)\1*")
_HOW_TO_GET_DATA = (
    "give a folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt (scripts/get_ptb.sh fetches them), "
    "one text file of your own, or --data_path=builtin"
)


class Vocabulary:
    """Words and their ids 0..n-1; ``<unk>`` is always among them.

    >>> vocabulary = Vocabulary.from_words("the cat saw the dog".split())
    >>> vocabulary.words
    ['the', 'cat', 'dog', 'saw', '<unk>']
    >>> vocabulary.encode(["the", "cow"]), vocabulary.count_unknown(["the", "cow"])
    (array([0, 4], dtype=int32), 1)
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Takes the words in the order of their ids: each once, and ``<unk>`` among them."""
        self.words: List[str] = list(words)
        self.ids: Dict[str, int] = {word: index for index, word in enumerate(self.words)}
        if UNKNOWN not in self.ids:
            raise UserError("a vocabulary of {} words has no {}; add it as its last word".format(len(self), UNKNOWN))
        if len(self.ids) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise UserError("a vocabulary has the word '{}' more than once; keep one of them".format(twice))

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_words(cls, words: Iterable[str], max_size: Optional[int] = None, min_count: int = 1) -> "Vocabulary":
        """The vocabulary of a training text.

        Ids go by descending count, then ascending word, as in the original's reader. ``<unk>`` comes last where
        the text itself has none, so that unknown words of any other text have an id.

        Args:
          words: the training text.
          max_size: number of ids, ``<unk>`` included; the rarest words above it are left out.
          min_count: words seen less often are left out.

        Raises:
          UserError: ``max_size`` leaves no room for a word beside ``<unk>``.
        """
        if max_size is not None and max_size < 2:
            raise UserError(
                "a vocabulary of at most {} words holds nothing beside {}; allow 2 or more".format(max_size, UNKNOWN)
            )
        counts = Counter(words)
        has_unknown = counts.pop(UNKNOWN, 0)
        ranked = sorted((word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word))
        if max_size is not None:
            ranked = ranked[: max_size - 1]
        if has_unknown:
            counts[UNKNOWN] = has_unknown
            return cls(sorted(ranked + [UNKNOWN], key=lambda word: (-counts[word], word)))
        return cls(ranked + [UNKNOWN])

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """The ids of the words, int32 ``[len(words)]``; a word that is not here gets the id of ``<unk>``."""
        unknown = self.ids[UNKNOWN]
        return np.fromiter((self.ids.get(word, unknown) for word in words), np.int32, len(words))

    def count_unknown(self, words: Iterable[str]) -> int:
        """How many of the words ``encode`` turns into ``<unk>``; a literal ``<unk>`` is not one of them."""
        return sum(word not in self.ids for word in words)

    def save(self, path: str) -> None:
        """Writes one word per line, in the order of the ids, UTF-8; a broken-off write leaves the old file."""
        files.write_text(path, "".join(word + "\n" for word in self.words))

    @classmethod
    def load(cls, path: str) -> "Vocabulary":
        """Reads what ``save`` wrote.

        Raises:
          UserError: the file cannot be read, or is no vocabulary; the sentence names the line.
        """
        lines = _read_text(path).splitlines()
        for number, line in enumerate(lines, start=1):
            if len(line.split()) != 1:
                raise UserError(
                    "{}, line {}: '{}' is not one word; a vocabulary has one per line".format(path, number, line)
                )
        try:
            return cls([line.strip() for line in lines])
        except UserError as error:
            raise UserError("{}: {}".format(path, error)) from None


def read_words(path: str) -> List[str]:
    """The words of a tokenised file: what white space separates, and ``<eos>`` for every line break.

    A last line without a line break ends with ``<eos>`` too. (The original put no space before ``<eos>``, so
    without a trailing space it became part of the line's last word.)

    Raises:
      UserError: the file is missing, a folder, not UTF-8, or has no word.
    """
    text = _read_text(path)
    if not text.endswith("\n"):
        text += "\n"
    return text.replace("\n", " {} ".format(END)).split()


def tokenize(text: str) -> List[str]:
    """Plain English text as lower-cased words.

    A word is letters and digits with apostrophes inside; every other mark is a word of its own, and so is a run of
    one mark (``...``, ``----``; not of brackets). ``<eos>`` follows each paragraph (a blank line) and each sentence:
    ``.``, ``!`` or ``?``, with closing quotes or brackets, before white space and something other than a small
    letter. Other line breaks mean nothing, since books are wrapped at any width.

    >>> print(*tokenize("Don't stop (e.g. at 3.5 or\\nso)... Go on!"))
    don't stop ( e . g . at 3 . 5 or so ) ... <eos> go on ! <eos>
    """
    sentences = _SENTENCE_END.sub(r"\1\n\n", text.replace("’", "'"))
    words: List[str] = []
    for sentence in _PARAGRAPH_END.split(sentences):
        found = [match.group().lower() for match in _TOKEN.finditer(sentence)]
        words += found + [END] if found else []
    return words


@dataclass(frozen=True)
class Corpus:
    """Three splits as integer ids ``[words]``, the vocabulary they are ids of, and what became ``<unk>``.

    ``unknown`` has, for each of ``train``, ``valid`` and ``test``, the number of words the vocabulary lacks; ``unit``
    is what an id stands for, "word" or "character".
    """

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    vocabulary: Vocabulary
    unknown: Dict[str, int]
    name: str
    unit: str = "word"

    def unknown_sentences(self) -> List[str]:
        """What a person should know about words that became ``<unk>``, a sentence per split."""
        return [
            "{:,} of {:,} words of the {} text are rare or unknown and are read as {}".format(
                count, len(getattr(self, split)), split, UNKNOWN
            )
            for split, count in self.unknown.items()
            if count
        ]


def load_corpus(
    data_path: Optional[str], max_vocabulary: Optional[int] = None, vocabulary: Optional[Vocabulary] = None
) -> Corpus:
    """Reads a corpus, builds its vocabulary on the training split, and encodes all three.

    Args:
      data_path: one of

        * a folder with ``train.txt``, ``valid.txt``, ``test.txt``, or the same behind a prefix
          (``ptb.train.txt``), already tokenised: words between white space, a sentence per line;
        * one plain text file: tokenised, cut 90/5/5 by position; words seen once in the first part are ``<unk>``;
        * ``builtin`` or None: the built-in corpus; words seen less than 3 times in training are ``<unk>``.
      max_vocabulary: number of ids at most, ``<unk>`` included.
      vocabulary: encode with this one, a trained model's, and build none.

    Raises:
      UserError: nothing usable is there; the sentence says what was looked for and how to get data.
    """
    if data_path is None or data_path == BUILTIN:
        name, splits, min_count = builtin_corpus.name(), _builtin_splits(), 3
    elif os.path.isdir(data_path):
        name, splits, min_count = _base_name(data_path), _folder_splits(data_path), 1
    elif os.path.exists(data_path):
        name, splits, min_count = _base_name(data_path), _file_splits(data_path), 2
    else:
        raise UserError("there is no file or folder '{}'; {}".format(data_path, _HOW_TO_GET_DATA))
    if vocabulary is None:
        vocabulary = Vocabulary.from_words(splits["train"], max_vocabulary, min_count)
    unknown = {split: vocabulary.count_unknown(splits[split]) for split in SPLITS}
    train, valid, test = (vocabulary.encode(splits[split]) for split in SPLITS)
    return Corpus(train, valid, test, vocabulary, unknown, name)


def batch_view(
    ids: np.ndarray, batch_size: int, num_steps: int, what: str = "training"
) -> List[Tuple[np.ndarray, np.ndarray]]:
    """The steps of one epoch over a text, as the original's batch producer made them.

    Row b runs through the b-th of ``batch_size`` equal contiguous parts of the text, so the final recurrent state of
    one step is the initial state of the next. Words that fill no part, and no whole step, are left out.

    Args:
      ids: the text, ``[words]``.
      batch_size: number of rows that run through the text side by side.
      num_steps: words per row and step.
      what: "training", "validation" or "test", for the error.

    Returns:
      ``(x, y)`` of each step, views of ``ids``, both ``[batch_size, num_steps]``; y is x one word further on.

    Raises:
      UserError: the text is too short for one step.

    >>> x, y = batch_view(np.arange(10), batch_size=2, num_steps=3)[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [5, 6, 7]], [[1, 2, 3], [6, 7, 8]])
    """
    if batch_size < 1 or num_steps < 1:
        raise UserError("batch_size {} and num_steps {} must both be at least 1".format(batch_size, num_steps))
    needed = batch_size * (num_steps + 1)
    if len(ids) < needed:
        raise UserError(
            "the {} text has {:,} tokens; batch_size {} x num_steps {} needs {:,}; "
            "lower one of them, or give a longer text".format(what, len(ids), batch_size, num_steps, needed)
        )
    length = len(ids) // batch_size
    rows = ids[: batch_size * length].reshape(batch_size, length)
    inputs, targets = rows[:, :-1], rows[:, 1:]
    starts = range(0, length - num_steps, num_steps)
    return [(inputs[:, start : start + num_steps], targets[:, start : start + num_steps]) for start in starts]


def predicted(ids: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """The words of one stream in which every word but the first is predicted once, and those that follow them.

    Args:
      ids: the text, ``[words]``.

    Raises:
      UserError: there is nothing to predict.
    """
    if len(ids) < 2:
        raise UserError("a text of {} words has no word to predict; give one of at least 2".format(len(ids)))
    return ids[:-1], ids[1:]


def full_stream(ids: np.ndarray, segment: int) -> List[Tuple[np.ndarray, np.ndarray]]:
    """The text as one stream for one sequence, cut into steps.

    Args:
      ids: the text, ``[words]``.
      segment: words per step; any number gives the same losses, a larger one sooner.

    Returns:
      ``(x, y)`` of each step, both ``[1, segment]``; those of the last one may be shorter.

    Raises:
      UserError: there is nothing to predict.

    >>> [(x.tolist(), y.tolist()) for x, y in full_stream(np.arange(4), segment=2)]
    [([[0, 1]], [[1, 2]]), ([[2]], [[3]])]
    """
    if segment < 1:
        raise UserError("a segment of {} words is too short; it needs at least 1".format(segment))
    inputs, targets = (each[np.newaxis] for each in predicted(ids))
    starts = range(0, inputs.size, segment)
    return [(inputs[:, start : start + segment], targets[:, start : start + segment]) for start in starts]


def _builtin_splits() -> Dict[str, List[str]]:
    return {split: tokenize(text) for split, text in builtin_corpus.split_texts().items()}


def _file_splits(path: str) -> Dict[str, List[str]]:
    words = tokenize(_read_text(path))
    twentieth = len(words) // 20
    valid, test = len(words) - 2 * twentieth, len(words) - twentieth
    return {"train": words[:valid], "valid": words[valid:test], "test": words[test:]}


def _folder_splits(folder: str) -> Dict[str, List[str]]:
    prefix = _prefix(folder)
    return {split: read_words(os.path.join(folder, "{}{}.txt".format(prefix, split))) for split in SPLITS}


def _prefix(folder: str) -> str:
    """What stands before ``train.txt`` in the names of the folder's three files."""
    names = files.names_in(folder)
    matches = (re.fullmatch(r"(|[^.].*\.)(?:train|valid|test)\.txt", name) for name in names)
    prefixes = sorted({match.group(1) for match in matches if match})
    if not prefixes:
        raise UserError("the folder '{}' has no ptb.train.txt or train.txt; {}".format(folder, _HOW_TO_GET_DATA))
    wanted = {prefix: ["{}{}.txt".format(prefix, split) for split in SPLITS] for prefix in prefixes}
    complete = [prefix for prefix in prefixes if set(wanted[prefix]) <= set(names)]
    if not complete:
        missing = " and ".join(name for name in wanted[prefixes[0]] if name not in names)
        raise UserError("the folder '{}' lacks {}; {}".format(folder, missing, _HOW_TO_GET_DATA))
    for usual in ("ptb.", ""):
        if usual in complete:
            return usual
    if len(complete) > 1:
        found = " and ".join(prefix + "train.txt" for prefix in complete)
        raise UserError("the folder '{}' has {}; keep each text in a folder of its own".format(folder, found))
    return complete[0]


def _read_text(path: str) -> str:
    text = files.read_text(path)
    if not text.strip():
        raise UserError("{}: the file has no words; give a text".format(path))
    return text


def _base_name(path: str) -> str:
    return os.path.basename(os.path.abspath(path))
