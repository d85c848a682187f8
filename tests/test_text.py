"""Words, vocabularies, corpora and batches of text."""

import os
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_rnn.errors import UserError
from sparse_rnn.training import text
from sparse_rnn.training.text import Vocabulary

any_characters = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1)
any_words = st.lists(any_characters.filter(lambda word: word.split() == [word]), min_size=1)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return str(path)


def folder_of(tmp_path, prefix="ptb.", **texts):
    for split, content in texts.items():
        write(tmp_path / "{}{}.txt".format(prefix, split), content)
    return str(tmp_path)


# Vocabulary


def test_ids_go_by_falling_count_then_word_and_unknown_comes_last():
    assert Vocabulary.from_words("b c a b c d".split()).words == ["b", "c", "a", "d", "<unk>"]


def test_an_unknown_mark_of_the_text_itself_keeps_its_rank():
    assert Vocabulary.from_words("a <unk> b <unk>".split()).words == ["<unk>", "a", "b"]


@pytest.mark.parametrize("unknown_marks", [0, 1, 9])
def test_max_size_counts_the_unknown_mark_and_drops_the_rarest(unknown_marks):
    words = "a a a b b c".split() + ["<unk>"] * unknown_marks
    vocabulary = Vocabulary.from_words(words, max_size=3)
    assert sorted(vocabulary.words) == ["<unk>", "a", "b"]
    assert vocabulary.count_unknown(words) == 1


def test_min_count_leaves_out_rarer_words():
    assert Vocabulary.from_words("a a a b b c".split(), min_count=2).words == ["a", "b", "<unk>"]


def test_room_for_nothing_but_the_unknown_mark_is_refused():
    with pytest.raises(UserError, match="allow 2 or more"):
        Vocabulary.from_words(["a"], max_size=1)


def test_unknown_words_are_encoded_and_counted_not_dropped():
    vocabulary = Vocabulary(["a", "<unk>", "b"])
    words = "a x b <unk> y".split()
    ids = vocabulary.encode(words)
    assert ids.dtype == np.int32
    assert ids.tolist() == [0, 1, 2, 1, 1]
    assert vocabulary.count_unknown(words) == 2


@settings(deadline=None)
@given(any_words)
def test_a_saved_vocabulary_loads_as_it_was(words):
    vocabulary = Vocabulary.from_words(words)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vocabulary.txt")
        vocabulary.save(path)
        assert Vocabulary.load(path).words == vocabulary.words
        assert os.listdir(folder) == ["vocabulary.txt"]


def test_a_broken_off_save_leaves_the_old_file(tmp_path):
    path = str(tmp_path / "vocabulary.txt")
    Vocabulary(["old", "<unk>"]).save(path)
    with pytest.raises(UnicodeEncodeError):
        Vocabulary(["new", "<unk>", "\ud800"]).save(path)
    assert Vocabulary.load(path).words == ["old", "<unk>"]


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("a\nb\n", "vocabulary.txt: .*has no <unk>"),
        ("a\n<unk>\na\n", "vocabulary.txt: .*'a' more than once"),
        ("a 3\n<unk> 1\n", "vocabulary.txt, line 1: 'a 3' is not one word"),
        ("a\n\n<unk>\n", "vocabulary.txt, line 2: '' is not one word"),
        ("", "vocabulary.txt: the file has no words"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_named_with_the_reason(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        Vocabulary.load(write(tmp_path / "vocabulary.txt", content))


# Words of a text


@pytest.mark.parametrize("content", [" a b \n c \n", "a b\nc\n", "a b\nc", "a b\r\nc\r\n", "\ufeffa b\nc\n"])
def test_every_line_ends_in_a_word_of_its_own(tmp_path, content):
    assert text.read_words(write(tmp_path / "t.txt", content)) == ["a", "b", "<eos>", "c", "<eos>"]


@pytest.mark.parametrize(
    "content, reason", [(b"", "no words"), (b" \n\n", "no words"), (b"caf\xe9\n", "byte 3 is not UTF-8")]
)
def test_a_file_without_readable_words_is_named_with_the_reason(tmp_path, content, reason):
    with pytest.raises(UserError, match="t.txt: .*" + reason):
        text.read_words(write(tmp_path / "t.txt", content))


@pytest.mark.parametrize("name", ["", "none.txt"])
def test_a_folder_and_a_missing_file_are_named_as_unreadable(tmp_path, name):
    with pytest.raises(UserError, match="cannot be read"):
        text.read_words(str(tmp_path / name))


@pytest.mark.parametrize(
    "plain, expected",
    [
        ("It's 1984", "it's 1984 <eos>"),
        ("It’s", "it's <eos>"),
        ("a _word_, f(x) = g[h(1)]!", "a _ word _ , f ( x ) = g [ h ( 1 ) ] ! <eos>"),
        ("wait... so -- ***", "wait ... so -- *** <eos>"),
        ('He said "No." Then left.', 'he said " no . " <eos> then left . <eos>'),
        ("i.e. this one\nline", "i . e . this one line <eos>"),
        ("Title\n\n\n  \nText", "title <eos> text <eos>"),
        ("the <unk> of <eos>", "the <unk> of <eos> <eos>"),
        ("Ünïcode ЯR naïve", "ünïcode яr naïve <eos>"),
        ("", ""),
    ],
)
def test_plain_text_becomes_lower_cased_words_and_sentence_ends(plain, expected):
    assert text.tokenize(plain) == expected.split()


# Corpora


@pytest.mark.parametrize("prefix", ["ptb.", "", "my.own."])
def test_a_folder_of_three_files_is_read_as_it_is(tmp_path, prefix):
    corpus = text.load_corpus(folder_of(tmp_path, prefix, train="The a\na\n", valid="a cow\n", test="cow dog a"))
    assert corpus.vocabulary.words == ["<eos>", "a", "The", "<unk>"]
    assert corpus.train.tolist() == [2, 1, 0, 1, 0]
    assert corpus.valid.tolist() == [1, 3, 0]
    assert corpus.test.tolist() == [3, 3, 1, 0]
    assert corpus.unknown == {"train": 0, "valid": 1, "test": 2}
    assert corpus.name == tmp_path.name


def test_the_penn_treebanks_names_come_before_others(tmp_path):
    for prefix in ("", "ptb.char.", "ptb."):
        folder = folder_of(tmp_path, prefix, train=prefix + "word", valid="a", test="a")
    assert "ptb.word" in text.load_corpus(folder).vocabulary.words


def test_two_texts_in_one_folder_are_not_guessed_between(tmp_path):
    for prefix in ("one.", "two."):
        folder_of(tmp_path, prefix, train="a", valid="a", test="a")
    with pytest.raises(UserError, match="one.train.txt and two.train.txt"):
        text.load_corpus(str(tmp_path))


def test_a_folder_that_lacks_a_file_is_told_which(tmp_path):
    with pytest.raises(UserError, match="lacks ptb.valid.txt and ptb.test.txt; .*get_ptb.sh"):
        text.load_corpus(folder_of(tmp_path, train="a"))


@pytest.mark.parametrize("name", ["", "none"])
def test_where_nothing_is_the_ways_to_get_data_are_said(tmp_path, name):
    with pytest.raises(UserError, match="ptb.train.txt.*scripts/get_ptb.sh.*--data_path=builtin"):
        text.load_corpus(str(tmp_path / name))


def test_an_empty_split_is_named(tmp_path):
    with pytest.raises(UserError, match="ptb.valid.txt: the file has no words"):
        text.load_corpus(folder_of(tmp_path, train="a", valid="\n", test="a"))


def test_a_book_is_cut_by_position_and_its_rare_words_are_unknown(tmp_path):
    book = "The cat. " * 31 + "Once more"
    corpus = text.load_corpus(write(tmp_path / "book.txt", book))
    whole = np.concatenate([corpus.train, corpus.valid, corpus.test])
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == [115, 6, 6]
    assert whole.tolist() == corpus.vocabulary.encode(text.tokenize(book)).tolist()
    assert corpus.vocabulary.words == [".", "cat", "the", "<eos>", "<unk>"]
    assert corpus.unknown == {"train": 0, "valid": 0, "test": 2}
    assert corpus.name == "book.txt"


def test_rare_words_of_the_training_part_are_counted_as_unknown(tmp_path):
    corpus = text.load_corpus(write(tmp_path / "book.txt", "alpha beta alpha gamma alpha"))
    assert corpus.vocabulary.words == ["alpha", "<unk>"]
    assert corpus.unknown["train"] == 3


def test_a_text_of_one_word_is_a_corpus(tmp_path):
    corpus = text.load_corpus(write(tmp_path / "t.txt", "word"))
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == [2, 0, 0]


def test_max_vocabulary_limits_every_kind_of_corpus(tmp_path):
    book = write(tmp_path / "book.txt", "a a a b b c c")
    folder = folder_of(tmp_path, train="a a b c", valid="a b", test="a")
    for data_path in (folder, book, "builtin"):
        assert len(text.load_corpus(data_path, max_vocabulary=3).vocabulary) == 3


def test_a_given_vocabulary_encodes_all_splits_and_stays_as_it_is(tmp_path):
    vocabulary = Vocabulary(["<unk>", "b", "<eos>"])
    corpus = text.load_corpus(folder_of(tmp_path, train="a a", valid="b", test="a b"), vocabulary=vocabulary)
    assert corpus.vocabulary is vocabulary
    assert corpus.train.tolist() == [0, 0, 2]
    assert corpus.unknown == {"train": 2, "valid": 0, "test": 1}


def test_the_penn_treebank_has_its_known_sizes():
    folder = os.path.join(os.environ.get("SPARSE_RNN_DATA", ""), "ptb")
    if "SPARSE_RNN_DATA" not in os.environ or not os.path.isdir(folder):
        pytest.skip("SPARSE_RNN_DATA names no folder with the Penn Treebank (ptb/)")
    corpus = text.load_corpus(folder)
    assert [len(corpus.train), len(corpus.valid), len(corpus.test)] == [929589, 73760, 82430]
    assert len(corpus.vocabulary) == 10000
    assert corpus.unknown == {"train": 0, "valid": 0, "test": 0}
    assert [len(text.batch_view(ids, 20, 35)) for ids in (corpus.train, corpus.valid)] == [1327, 105]


# Batches


def test_batches_are_the_originals():
    ids = np.array([4, 3, 2, 1, 0, 5, 6, 1, 1, 1, 1, 0, 3, 4, 1], np.int32)
    steps = text.batch_view(ids, batch_size=3, num_steps=2)
    assert [(x.tolist(), y.tolist()) for x, y in steps] == [
        ([[4, 3], [5, 6], [1, 0]], [[3, 2], [6, 1], [0, 3]]),
        ([[2, 1], [1, 1], [3, 4]], [[1, 0], [1, 1], [4, 1]]),
    ]


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 7), st.integers(0, 60))
def test_rows_run_on_from_step_to_step_and_steps_number_what_the_formula_says(batch_size, num_steps, surplus):
    ids = np.arange(batch_size * (num_steps + 1) + surplus)
    steps = text.batch_view(ids, batch_size, num_steps)
    length = len(ids) // batch_size
    assert len(steps) == (length - 1) // num_steps
    seen = np.concatenate([x for x, _ in steps], axis=1)
    for row in range(batch_size):
        assert seen[row].tolist() == list(range(row * length, row * length + len(steps) * num_steps))
    assert all(x.shape == (batch_size, num_steps) and (y == x + 1).all() for x, y in steps)


def test_a_text_one_word_too_short_says_how_many_words_it_needs():
    assert len(text.batch_view(np.zeros(720, np.int32), 20, 35)) == 1
    with pytest.raises(
        UserError,
        match="validation text has 719 tokens; batch_size 20 x num_steps 35 needs 720",
    ):
        text.batch_view(np.zeros(719, np.int32), 20, 35, "validation")


@pytest.mark.parametrize("batch_size, num_steps", [(0, 5), (5, 0)])
def test_empty_batches_are_refused(batch_size, num_steps):
    with pytest.raises(UserError, match="must both be at least 1"):
        text.batch_view(np.zeros(99, np.int32), batch_size, num_steps)


@settings(deadline=None)
@given(st.integers(2, 50), st.integers(1, 60))
def test_a_full_stream_predicts_every_word_but_the_first_once(size, segment):
    ids = np.random.RandomState(size).permutation(size)
    steps = text.full_stream(ids, segment)
    assert np.concatenate([x for x, _ in steps], axis=1).tolist() == [ids[:-1].tolist()]
    assert np.concatenate([y for _, y in steps], axis=1).tolist() == [ids[1:].tolist()]
    assert all(x.shape == (1, segment) for x, _ in steps[:-1])


@pytest.mark.parametrize("size, segment, reason", [(1, 4, "no word to predict"), (9, 0, "segment of 0 words")])
def test_a_full_stream_with_nothing_to_predict_is_refused(size, segment, reason):
    with pytest.raises(UserError, match=reason):
        text.full_stream(np.zeros(size, np.int32), segment)
