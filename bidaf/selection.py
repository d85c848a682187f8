"""Which words and characters a vocabulary has, by how often the training questions read them."""

import os
from collections import Counter
from dataclasses import dataclass
from typing import Optional

import numpy as np

from bidaf import vectors
from bidaf.vocabulary import PADDING, UNKNOWN, Vocabulary


@dataclass(frozen=True)
class Options:
    """What decides the vocabulary; the defaults are the original's.

    Attributes:
      glove: the GloVe file, or None for random vectors.
      vector_size: numbers per vector where they are random.
      seed: decides the random vectors.
      word_count: a word without a vector is trained if the training questions read it more often than this.
      character_count: likewise for characters.
      train_glove: whether the words of the GloVe file are trained too.
      keep_case: whether ``The`` and ``the`` are two words.
    """

    glove: Optional[str] = None
    vector_size: int = 100
    seed: int = 0
    word_count: int = 10
    character_count: int = 50
    train_glove: bool = False
    keep_case: bool = False


def counts_of(tokens, arrays):
    """How often each token is read in a split: in contexts once for every question about them, and in questions.

    Args:
      tokens: number of distinct tokens.
      arrays: the arrays of the split.

    Returns:
      int64 ``[tokens]``.
    """
    questions = np.bincount(arrays["paragraphs"], minlength=len(arrays["context_begins"]) - 1)
    weights = np.repeat(questions, np.diff(arrays["context_begins"]))
    in_contexts = np.bincount(arrays["context_tokens"], weights, minlength=tokens)
    return in_contexts.astype(np.int64) + np.bincount(arrays["question_tokens"], minlength=tokens)


def select(tokens, counts, options):
    """The :class:`bidaf.vocabulary.Vocabulary` of a data set, by the original's rules.

    Frequent words without a given vector are trained. Given vectors are fixed, unless ``train_glove``. Without a GloVe
    file the words that are too rare to be trained get fixed random vectors: a model can tell them apart that way.

    Args:
      tokens: the distinct tokens of all splits.
      counts: how often each is read in the training split.
      options: the Options.

    Raises:
      UserError: the GloVe file cannot be used.
    """
    words, characters = Counter(), Counter()
    for token, count in zip(tokens, counts.tolist()):
        words[token if options.keep_case else token.lower()] += count
        for character in token:
            characters[character] += count
    given, size, source = _given(words, options)
    trained = [
        word
        for word, count in words.items()
        if (options.train_glove and count if word in given else count > options.word_count)
    ]
    trained = _by_count(trained, words)
    rows = vectors.random([PADDING, UNKNOWN] + trained, size, options.seed)
    for number, word in enumerate(trained, start=2):
        rows[number] = given.get(word, rows[number])
    rest = set(words if not options.glove else given).difference(trained)
    fixed = _by_count(rest, words)
    fixed_rows = vectors.random(fixed, size, options.seed)
    for number, word in enumerate(fixed):
        fixed_rows[number] = given.get(word, fixed_rows[number])
    frequent = [character for character, count in characters.items() if count > options.character_count]
    return Vocabulary(trained, fixed, _by_count(frequent, characters), rows, fixed_rows, source)


def _given(words, options):
    """The vectors that are given, their size, and what is remembered of where they are from."""
    if not options.glove:
        return {}, options.vector_size, {"seed": options.seed}
    given, size = vectors.read_glove(options.glove, words)
    return given, size, {"file": os.path.basename(options.glove)}


def _by_count(keys, counts):
    return sorted(keys, key=lambda key: (-counts[key], key))
