"""Texts of characters: every byte is a symbol, and the last parts are for validation and test."""

import numpy as np
import pytest

from rhns import data
from rhns.config import Data
from sparse_rnn.errors import UserError
from sparse_rnn.training import text

CHARACTERS = Data(kind="characters")
CONTENT = b"the cat saw the dog, the dog saw it \xc3\xa9 " * 20


def write(path, content=CONTENT):
    path.write_bytes(content)
    return str(path)


def test_every_byte_is_a_symbol_and_ids_go_by_ascending_byte(tmp_path):
    corpus = data.load_corpus(write(tmp_path / "book.txt"), CHARACTERS, None)
    symbols = sorted(set(CONTENT))
    assert corpus.vocabulary.symbols == symbols and (corpus.unit, corpus.name) == ("character", "book.txt")
    whole = np.concatenate([corpus.train, corpus.valid, corpus.test])
    assert bytes(symbols[each] for each in whole) == CONTENT
    assert corpus.unknown_sentences() == []


def test_a_twentieth_each_validates_and_tests(tmp_path):
    corpus = data.load_corpus(write(tmp_path / "text8", CONTENT[:777]), CHARACTERS, None)
    assert [len(part) for part in (corpus.train, corpus.valid, corpus.test)] == [777 - 76, 38, 38]


def test_of_a_file_of_full_size_the_last_millions_are_those_of_the_original():
    class Content:
        """A hundred million bytes that are never there."""

        def __init__(self, size):
            self.size = size

        def __len__(self):
            return self.size

        def __getitem__(self, wanted):
            return wanted.indices(self.size)[:2]

    assert data.split(Content(100000000)) == ((0, 90000000), (90000000, 95000000), (95000000, 100000000))
    assert data.split(Content(300000000))[1] == (290000000, 295000000)


@pytest.mark.parametrize("name", ["text8", "enwik8"])
def test_a_folder_with_a_known_file_is_that_file(tmp_path, name):
    path = write(tmp_path / name)
    found, expected = (data.load_corpus(each, CHARACTERS, None) for each in (str(tmp_path), path))
    np.testing.assert_array_equal(found.train, expected.train)
    assert found.name == name


def test_the_builtin_corpus_has_characters_too():
    corpus = data.load_corpus("builtin", CHARACTERS, None)
    words = data.load_corpus("builtin", Data(), None)
    assert corpus.name == words.name and len(corpus.train) > 4 * len(words.train)
    assert 60 < len(corpus.vocabulary) < 200


def test_a_trained_models_alphabet_reads_another_text_or_says_what_it_lacks(tmp_path):
    vocabulary = data.Alphabet(sorted(set(CONTENT)))
    corpus = data.load_corpus(write(tmp_path / "other", b"a cat " * 50), CHARACTERS, vocabulary)
    assert vocabulary.symbols[corpus.train[0]] == ord("a")
    with pytest.raises(UserError, match=r"byte 4 of the text is b'X', which the model's alphabet of 15 symbols lacks"):
        data.load_corpus(write(tmp_path / "strange", b"the X" * 50), CHARACTERS, vocabulary)


def test_an_alphabet_survives_being_written(tmp_path):
    vocabulary = data.Alphabet([0, 10, 32, 255])
    vocabulary.save(str(tmp_path / "vocabulary.txt"))
    loaded = data.load_vocabulary(str(tmp_path / "vocabulary.txt"), CHARACTERS)
    assert loaded.symbols == vocabulary.symbols
    assert isinstance(data.load_vocabulary(write(tmp_path / "words", b"a\nb\n<unk>\n"), Data()), text.Vocabulary)


@pytest.mark.parametrize("content", [b"", b"32\n32\n", b"97\n32\n", b"256\n", b"the\n", b"-1\n"])
def test_a_damaged_alphabet_is_refused(tmp_path, content):
    path = write(tmp_path / "vocabulary.txt", content)
    with pytest.raises(UserError, match="vocabulary.txt: this is no alphabet, a number from 0 to 255 per line"):
        data.load_vocabulary(path, CHARACTERS)


def test_an_alphabet_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(UserError, match="vocabulary.txt: cannot be read: No such file"):
        data.load_vocabulary(str(tmp_path / "vocabulary.txt"), CHARACTERS)


def test_what_is_no_text_is_refused(tmp_path):
    with pytest.raises(UserError, match="has neither enwik8 nor text8; give one file of characters"):
        data.load_corpus(str(tmp_path), CHARACTERS, None)
    with pytest.raises(UserError, match="none: cannot be read: No such file"):
        data.load_corpus(str(tmp_path / "none"), CHARACTERS, None)
    with pytest.raises(UserError, match="empty: the file is empty"):
        data.load_corpus(write(tmp_path / "empty", b""), CHARACTERS, None)
    write(tmp_path / "text8"), write(tmp_path / "enwik8")
    with pytest.raises(UserError, match="has enwik8 and text8; give one file"):
        data.load_corpus(str(tmp_path), CHARACTERS, None)
