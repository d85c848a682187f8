"""Tokens of a text with their places in it, by NLTK's Penn Treebank rules and finer cuts, without downloaded data.

The original's rules: quotes of the Treebank become plain double quotes, and a token is cut before and behind every
hyphen, dash, slash, tilde, quote, apostrophe and degree sign. NLTK separates a full stop from its word at the
end of a sentence only; sentence ends are found by rule here, where the original needed NLTK's trained model.
"""

import bisect
import re
from dataclasses import dataclass
from typing import List

from sparse_rnn.errors import UserError

#: Tokens are cut around each of these.
_SEPARATORS = re.compile("([-\u2212\u2014\u2013/~\"'\u201c\u2019\u201d\u2018\u00b0])")
_SENTENCE_END = re.compile(r"[.!?]+[\"')\]\u201d\u2019]*\s+(?=[\"'(\[\u201c\u2018]*[^\W_a-z])")
#: Words whose full stop ends no sentence: titles, months and the like; single letters and words with a stop inside too.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr st prof jr sr gen col lt capt cpt sgt rev gov sen rep hon mt ft vol pp ed eds inc ltd co corp "
    "bros vs v ca c cf approx jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_LAST_WORD = re.compile(r"[^\s(\[\"'\u201c\u2018]*$")


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text, n of them.

    Attributes:
      words: the tokens as they are written, but for quotes.
      starts: where each begins, in characters of the text.
      stops: where each ends, exclusive.
      sentences: the number of the sentence that each belongs to, from 0.
    """

    words: List[str]
    starts: List[int]
    stops: List[int]
    sentences: List[int]

    def __len__(self):
        return len(self.words)

    def span(self, start, stop):
        """The first and the last token that overlap the characters ``[start, stop)``, or None where none does."""
        first = bisect.bisect_right(self.stops, start)
        last = bisect.bisect_left(self.starts, stop) - 1
        return (first, last) if first <= last else None


class Tokenizer:
    """Cuts texts into :class:`Tokens`.

    Raises:
      UserError: NLTK is not installed.
    """

    def __init__(self):
        try:
            from nltk.tokenize.treebank import TreebankWordTokenizer
        except ImportError:
            raise UserError(
                "BiDAF's texts are cut into tokens by NLTK, which is not installed; run: pip install nltk."
            ) from None
        self._treebank = TreebankWordTokenizer()

    def __call__(self, text):
        """The :class:`Tokens` of a text; none where it has nothing but white space."""
        # As long as the original: places of tokens are places in the text.
        text = text.replace("''", '" ').replace("``", '" ')
        words, starts, stops, sentences = [], [], [], []
        position = 0
        for number, sentence in enumerate(sentences_of(text)):
            for word in self._words(sentence):
                start = text.find(word, position)
                # The rules only add white space and turn quotes into others, which _words turns back.
                assert start >= 0 and not text[position:start].strip(), "NLTK changed the text {!r}".format(text)
                position = start + len(word)
                words.append(word)
                starts.append(start)
                stops.append(position)
                sentences.append(number)
        return Tokens(words, starts, stops, sentences)

    def _words(self, sentence):
        for token in self._treebank.tokenize(sentence):
            token = token.replace("''", '"').replace("``", '"')
            for part in _SEPARATORS.split(token):
                if part:  # the original kept the empty strings between two separators
                    yield part


def sentences_of(text):
    """A text's sentences, with the white space behind them, so that together they are the text."""
    begun = 0
    for end in _SENTENCE_END.finditer(text):
        if text[end.start()] == "." and _is_abbreviation(text, begun, end):
            continue
        yield text[begun : end.end()]
        begun = end.end()
    if begun < len(text):
        yield text[begun:]


def _is_abbreviation(text, begun, end):
    """Whether the full stop at ``end`` belongs to the word before it."""
    if text.startswith("..", end.start()):
        return False
    word = _LAST_WORD.search(text, begun, end.start()).group()
    if word.lower() in ("no", "nos"):
        return text[end.end()].isdigit()
    return "." in word or len(word) == 1 and word.isalpha() or word.lower() in _ABBREVIATIONS
