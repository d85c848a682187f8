"""Words and characters of a data set and their ids.

Words come in two kinds: trained ones, rows of a variable of the model, and fixed ones, whose vectors never change.
Ids: 0 is padding, 1 everything unknown, then the trained words, then the fixed ones.
"""

import os

import numpy as np

from bidaf import vectors
from sparse_rnn import files
from sparse_rnn.errors import UserError

PADDING, UNKNOWN = "-NULL-", "-UNK-"
PADDING_ID, UNKNOWN_ID = 0, 1

#: The file by which a saved vocabulary is found.
VOCABULARY = "vocabulary.json"
_VECTORS = "vectors.npz"


class Vocabulary:
    """The words and characters that a model knows.

    Args:
      trained: the trained words, without padding and unknown.
      fixed: the fixed words; none of them trained.
      characters: the characters, without padding and unknown.
      trained_vectors: what the trained words' variable begins with, float32 ``[trained_size, size]``; the rows of
        padding and unknown come first.
      fixed_vectors: float32 ``[len(fixed), size]``.
      source: where the vectors are from: ``{"file": name}`` or ``{"seed": number}``.
    """

    def __init__(self, trained, fixed, characters, trained_vectors, fixed_vectors, source):
        self.trained, self.fixed, self.characters = list(trained), list(fixed), list(characters)
        self.trained_vectors, self.fixed_vectors, self.source = trained_vectors, fixed_vectors, source
        words = [PADDING, UNKNOWN] + self.trained + self.fixed
        self._ids = {word: number for number, word in enumerate(words)}
        self._character_ids = {character: number for number, character in enumerate(self.characters, start=2)}

    @property
    def trained_size(self):
        """Rows of the trained words' variable: padding and unknown, then a row per word."""
        return len(self.trained) + 2

    @property
    def character_size(self):
        """Rows of the characters' variable: padding and unknown, then a row per character."""
        return len(self.characters) + 2

    @property
    def vector_size(self):
        """Numbers per word vector."""
        return self.trained_vectors.shape[1]

    def word_id(self, word):
        """The id of a word, of the first of its forms that is here: trained words before fixed ones."""
        found = [self._ids[form] for form in vectors.forms(word) if self._ids.get(form, 0) > UNKNOWN_ID]
        trained = [number for number in found if number < self.trained_size]
        return (trained or found or [UNKNOWN_ID])[0]

    def character_id(self, character):
        """The id of a character."""
        return self._character_ids.get(character, UNKNOWN_ID)

    def knows(self, word):
        """Whether the word is not read as unknown."""
        return self.word_id(word) != UNKNOWN_ID

    def covering(self, words, glove=None):
        """This vocabulary and, as further fixed words, those of the given ones that it lacks and can have vectors for.

        Args:
          words: the words of other texts.
          glove: the GloVe file that the vocabulary was made with; without it a vocabulary of GloVe's words stays as
            it is. One of random vectors covers every word.

        Raises:
          UserError: the file cannot be used, or has vectors of another size.
        """
        missing = sorted({word.lower() for word in words if not self.knows(word)})
        if "seed" in self.source:
            added = dict(zip(missing, vectors.random(missing, self.vector_size, self.source["seed"])))
        elif glove and missing:
            added, size = vectors.read_glove(glove, missing)
            if size != self.vector_size:
                raise UserError(
                    "{}: its vectors have {} numbers, those of the vocabulary {}; give the file that the vocabulary "
                    "was made with, {}.".format(glove, size, self.vector_size, self.source["file"])
                )
        else:
            added = {}
        if not added:
            return self
        return Vocabulary(
            self.trained,
            self.fixed + list(added),
            self.characters,
            self.trained_vectors,
            np.concatenate([self.fixed_vectors, np.stack(list(added.values()))]),
            self.source,
        )

    def save(self, folder):
        """Write the vocabulary's two files into a folder."""
        described = {"source": self.source}
        described.update(trained=self.trained, fixed=self.fixed, characters=self.characters)
        files.write_json(os.path.join(folder, VOCABULARY), described)
        files.write_arrays(
            os.path.join(folder, _VECTORS), {"trained": self.trained_vectors, "fixed": self.fixed_vectors}
        )

    @classmethod
    def load(cls, folder):
        """Read what :meth:`save` wrote.

        Raises:
          UserError: the files are missing or damaged.
        """
        path = os.path.join(folder, VOCABULARY)
        described = files.read_json(path)
        arrays = files.read_arrays(os.path.join(folder, _VECTORS))
        try:
            trained, fixed = described["trained"], described["fixed"]
            vocabulary = cls(
                trained, fixed, described["characters"], arrays["trained"], arrays["fixed"], described["source"]
            )
            size = vocabulary.vector_size
            whole = (
                arrays["trained"].shape == (vocabulary.trained_size, size)
                and arrays["fixed"].shape == (len(fixed), size)
                and all(array.dtype.kind == "f" for array in arrays.values())
                and ("seed" in vocabulary.source or "file" in vocabulary.source)
            )
        except (KeyError, TypeError, AttributeError, IndexError):
            whole = False
        if not whole:
            raise UserError(
                "{}: the vocabulary does not fit its vectors; put a copy of both back, or prepare the data "
                "again.".format(path)
            )
        return vocabulary
