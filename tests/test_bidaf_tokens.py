"""Tokens, their places in the text, and sentences."""

import sys

import hypothesis
import pytest
from hypothesis import strategies

from sparse_rnn.errors import UserError

pytest.importorskip("nltk")

from bidaf import tokens  # noqa: E402


@pytest.fixture(scope="module")
def tokenize():
    return tokens.Tokenizer()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("He won 24–10 (in 1999/2000).", "He won 24 – 10 ( in 1999 / 2000 ) ."),
        ("She wasn't there.", "She was n ' t there ."),
        ('He said "go -- now".', 'He said " go - - now " .'),
        ("the “old” king’s ~5°C −2", "the “ old ” king ’ s ~ 5 ° C − 2"),
        ("It cost $3.50 in the U.S. market.", "It cost $ 3.50 in the U.S. market ."),
        ("cannot, e.g. this; 50%", "can not , e.g. this ; 50 %"),
        ("a ''quoted'' and ``another`` word", 'a " quoted " and " another " word'),
        ("", ""),
        (" \t\n", ""),
    ],
)
def test_texts_are_cut_by_the_treebank_and_then_around_every_separator(tokenize, text, expected):
    assert tokenize(text).words == expected.split()


def test_no_token_is_empty_where_separators_meet(tokenize):
    assert tokenize("-a--b-").words == ["-", "a", "-", "-", "b", "-"]


def test_each_token_stands_where_its_place_says(tokenize):
    text = 'The "Venite Ad Me" legend: wasn\'t it at Lourdes, France?  It was.'
    found = tokenize(text)
    assert [text[start:stop] for start, stop in zip(found.starts, found.stops)] == found.words
    assert found.sentences == sorted(found.sentences) and set(found.sentences) == {0, 1}


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(
    strategies.one_of(
        strategies.text(max_size=60),
        strategies.text(alphabet="ab A.'\"`-/()[]<>?!,:;$%&* \n”’é\u00a0…", max_size=40),
    )
)
def test_nothing_of_any_text_is_lost_but_white_space(text):
    found = tokens.Tokenizer()(text)
    read = text.replace("''", '" ').replace("``", '" ')
    assert [read[start:stop] for start, stop in zip(found.starts, found.stops)] == found.words
    assert "".join(found.words) == "".join(read.split())


@pytest.mark.parametrize(
    "text, expected",
    [
        ("He left. She stayed! Who? Me.", ["He left. ", "She stayed! ", "Who? ", "Me."]),
        ("Dr. A. Silva of the U.S. Army met St. Paul.", ["Dr. A. Silva of the U.S. Army met St. Paul."]),
        ("It was in 1858. (See below.) Then 2 came.", ["It was in 1858. ", "(See below.) ", "Then 2 came."]),
        ('He said "no." They left.', ['He said "no." ', "They left."]),
        (
            "It rose by 3.5 per cent vs. last year... Then fell.",
            ["It rose by 3.5 per cent vs. last year... ", "Then fell."],
        ),
        ("I. It", ["I. It"]),
        ("See No. 5 of it. No. They said no. Then", ["See No. 5 of it. ", "No. ", "They said no. ", "Then"]),
    ],
)
def test_a_sentence_ends_where_a_capital_follows_and_no_abbreviation_stands(text, expected):
    assert list(tokens.sentences_of(text)) == expected


def test_a_full_stop_inside_a_paragraph_is_a_token(tokenize):
    assert (
        tokenize("It was in 1858. At the end it was 1859.").words == "It was in 1858 . At the end it was 1859 .".split()
    )


def test_a_span_of_characters_is_that_of_all_tokens_it_touches(tokenize):
    found = tokenize("ab cd ef")
    assert found.span(0, 2) == (0, 0)
    assert found.span(1, 4) == (0, 1)
    assert found.span(2, 3) is None
    assert found.span(3, 8) == (1, 2)


def test_without_nltk_a_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk.tokenize.treebank", None)
    with pytest.raises(UserError, match="pip install nltk"):
        tokens.Tokenizer()
