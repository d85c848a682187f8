"""Word vectors: GloVe's text files (Pennington et al. 2014), or random ones that are a function of the word."""

import hashlib

import numpy as np

from sparse_rnn.errors import UserError


def forms(word):
    """How a word may stand elsewhere, the likeliest first: as it is, lower, Capitalised, UPPER."""
    return word, word.lower(), word.capitalize(), word.upper()


def random(words, size, seed=0):
    """A vector of standard normal numbers for each word; a word has the same one in every text.

    Args:
      words: the words.
      size: numbers per vector.
      seed: other seeds give other vectors.

    Returns:
      float32 ``[len(words), size]``.
    """
    found = np.empty((len(words), size), np.float32)
    for row, word in zip(found, words):
        digest = hashlib.sha256("{} {}".format(seed, word).encode("utf-8", "surrogatepass")).digest()
        row[:] = np.random.RandomState(np.frombuffer(digest, np.uint32)).standard_normal(size)
    return found


def read_glove(path, wanted):
    """The vectors of the wanted words in a GloVe text file: per line a word and its numbers, between spaces.

    A line is for the first wanted one of: its word, Capitalised, lower, UPPER. A word keeps the first vector that it
    gets, and its own before one of another form.

    Args:
      path: the file, ``glove.6B.100d.txt`` for example.
      wanted: the words to look for.

    Returns:
      ``{word: float32 [size]}`` in the order of the file, and the size.

    Raises:
      UserError: the file cannot be read, has a line of another form or size, or none of the words.
    """
    found, exact, size = {}, set(), None
    wanted = frozenset(wanted)
    try:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                if size is None:
                    size = _size(line, path)
                word, numbers = _parts(line, size, path, number)
                form = next((form for form in _line_forms(word) if form in wanted), None)
                if form is None or form in exact or form in found and form != word:
                    continue
                if form == word:
                    exact.add(form)
                found[form] = _vector(numbers, path, number)
    except OSError as error:
        raise UserError("{}: cannot be read: {}.".format(path, error.strerror or error)) from None
    if not found:
        raise UserError(
            "{}: none of the texts' {:,} words is in it; give a GloVe file such as glove.6B.100d.txt.".format(
                path, len(wanted)
            )
        )
    return found, size


def _line_forms(word):
    return word, word.capitalize(), word.lower(), word.upper()


def _size(line, path):
    size = len(line.split()) - 1
    if size < 2:
        raise UserError(
            "{}, line 1: a word and its vector are needed here; give a GloVe file such as glove.6B.100d.txt.".format(
                path
            )
        )
    return size


def _parts(line, size, path, number):
    parts = line.rstrip().rsplit(b" ", size)
    if len(parts) != size + 1:
        raise UserError(
            "{}, line {}: {} numbers are needed as on line 1, not {}; the file is cut off or damaged.".format(
                path, number, size, len(line.split()) - 1
            )
        )
    return parts[0].decode("utf-8", "replace"), parts[1:]


def _vector(numbers, path, number):
    try:
        vector = np.array([float(text) for text in numbers], np.float32)
    except ValueError:
        vector = np.array([np.nan])
    if not np.all(np.isfinite(vector)):
        raise UserError("{}, line {}: there is something that is no number; the file is damaged.".format(path, number))
    return vector
