"""The texts: words as for ``ptb``, or every byte of one file as a symbol, as with enwik8 and text8."""

import os

import numpy as np

from sparse_rnn import files
from sparse_rnn.errors import UserError
from sparse_rnn.training import builtin_corpus, text

#: What a file of characters is called in a folder.
NAMES = ("enwik8", "text8")
#: Symbols of the validation and of the test part, where the file is long enough.
PART = 5000000


class Alphabet:
    """The symbols of a text and their ids 0..n-1, which go by ascending byte.

    >>> alphabet = Alphabet([32, 97, 98])
    >>> len(alphabet), alphabet.encode(b"ab a").tolist()
    (3, [1, 2, 0, 1])
    """

    def __init__(self, symbols):
        self.symbols = list(symbols)
        if not self.symbols or sorted(set(self.symbols)) != self.symbols or not 0 <= self.symbols[-1] < 256:
            raise UserError("an alphabet is a list of bytes, 0 to 255, in ascending order, one at least.")

    def __len__(self):
        return len(self.symbols)

    def encode(self, content):
        """The ids of the bytes, uint8 ``[len(content)]``.

        Raises:
          UserError: a byte is none of the symbols.
        """
        found = np.frombuffer(content, np.uint8)
        known = np.zeros(256, bool)
        known[self.symbols] = True
        strange = np.flatnonzero(~known[found])
        if strange.size:
            raise UserError(
                "byte {} of the text is {!r}, which the model's alphabet of {} symbols lacks; give a text of the same "
                "symbols.".format(strange[0], bytes([found[strange[0]]]), len(self))
            )
        ids = np.zeros(256, np.uint8)
        ids[self.symbols] = np.arange(len(self))
        return ids[found]

    def save(self, path):
        """Write one number per line; a broken-off write leaves the old file."""
        files.write_text(path, "".join("{}\n".format(symbol) for symbol in self.symbols))

    @classmethod
    def load(cls, path):
        """Read what ``save`` wrote.

        Raises:
          UserError: the file cannot be read, or is no alphabet.
        """
        content = files.read_text(path)
        try:
            return cls([int(line) for line in content.split()])
        except (ValueError, UserError) as error:
            raise UserError("{}: this is no alphabet, a number from 0 to 255 per line.".format(path)) from error


def load_corpus(data_path, data, vocabulary):
    """The corpus at a path.

    Args:
      data_path: words: as for :func:`sparse_rnn.training.text.load_corpus`. Characters: a file, a folder that
        holds one called enwik8 or text8, or ``builtin``.
      data: the data section of the config.
      vocabulary: a trained model's, to read the text with; None to take the text's own.

    Raises:
      UserError: nothing usable is there, or a byte is unknown to ``vocabulary``.
    """
    if data.kind == "words":
        return text.load_corpus(data_path, data.max_vocabulary, vocabulary)
    name, parts = _builtin() if data_path == text.BUILTIN else _file(data_path)
    if vocabulary is None:
        vocabulary = Alphabet(np.unique(np.frombuffer(b"".join(parts), np.uint8)).tolist())
    return text.Corpus(*[vocabulary.encode(part) for part in parts], vocabulary, {}, name, unit="character")


def load_vocabulary(path, data):
    """The vocabulary that a run wrote."""
    return (Alphabet if data.kind == "characters" else text.Vocabulary).load(path)


def split(content):
    """The parts for training, validation and test: the last 5,000,000 symbols are the test, those before validation.

    Of a text under 100,000,000 symbols each of the two is a twentieth, in the same proportion.

    >>> [len(part) for part in split(b"x" * 1019)]
    [919, 50, 50]
    """
    part = min(PART, len(content) // 20)
    valid, test = len(content) - 2 * part, len(content) - part
    return content[:valid], content[valid:test], content[test:]


def _builtin():
    texts = builtin_corpus.split_texts()
    return builtin_corpus.name(), [texts[part].encode("utf-8") for part in text.SPLITS]


def _file(path):
    if os.path.isdir(path):
        found = [name for name in NAMES if os.path.exists(os.path.join(path, name))]
        if len(found) != 1:
            raise UserError(
                "the folder '{}' has {}; give one file of characters (scripts/get_text8.sh and scripts/get_enwik8.sh "
                "fetch one), or --data_path=builtin.".format(path, " and ".join(found) or "neither enwik8 nor text8")
            )
        path = os.path.join(path, found[0])
    content = files.read_bytes(path)
    if not content:
        raise UserError("{}: the file is empty; give a text.".format(path))
    return os.path.basename(os.path.abspath(path)), split(content)
