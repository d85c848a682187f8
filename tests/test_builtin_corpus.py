"""The built-in corpus: the same at every call, in three parts that share no paragraph."""

import sys

import numpy as np
import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training import builtin_corpus, text

topics_module = pytest.importorskip("pydoc_data.topics")


def test_no_paragraph_is_in_two_splits_or_twice_in_one():
    parts = builtin_corpus.split_texts().values()
    found = [" ".join(paragraph.split()) for part in parts for paragraph in part.split("\n\n")]
    assert len(found) > 1000
    assert len(found) == len(set(found))


def test_nothing_of_a_topic_is_lost_but_the_underlining_of_its_heading():
    kept = " ".join(" ".join(builtin_corpus.split_texts().values()).split())
    for paragraph in topics_module.topics["while"].split("\n\n"):
        lines = [line for line in paragraph.splitlines() if set(line) != {"*"}]
        assert " ".join(" ".join(lines).split()) in kept


def test_splits_are_ninety_five_five_within_two_percent():
    sizes = {split: len(part) for split, part in builtin_corpus.split_texts().items()}
    shares = {split: size / sum(sizes.values()) for split, size in sizes.items()}
    assert shares == pytest.approx({"train": 0.90, "valid": 0.05, "test": 0.05}, abs=0.02)


def test_validation_and_test_come_from_all_over_the_alphabet():
    splits = builtin_corpus.split_texts()
    paragraphs = builtin_corpus.distinct_paragraphs(topics_module.topics[key] for key in sorted(topics_module.topics))
    for split in ("valid", "test"):
        chosen = set(splits[split].split("\n\n"))
        places = [place / len(paragraphs) for place, paragraph in enumerate(paragraphs) if paragraph in chosen]
        counts, _ = np.histogram(places, bins=5, range=(0, 1))
        assert counts.min() >= 5


def test_the_order_of_the_topics_dictionary_does_not_matter(monkeypatch):
    before = builtin_corpus.split_texts()
    monkeypatch.setattr(topics_module, "topics", dict(reversed(list(topics_module.topics.items()))))
    assert builtin_corpus.split_texts() == before


def test_a_paragraph_wrapped_or_indented_otherwise_is_the_same_paragraph():
    assert builtin_corpus.distinct_paragraphs(["One\ntwo.", "   One two.\n\nThree."]) == ["One\ntwo.", "Three."]


def test_a_python_without_the_topics_gives_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(UserError, match="comes without.*--data_path"):
        builtin_corpus.split_texts()


@pytest.mark.parametrize("data_path", [None, "builtin"])
def test_the_corpus_is_large_enough_to_learn_from_and_has_few_unknown_words(data_path):
    corpus = text.load_corpus(data_path)
    assert corpus.name == builtin_corpus.name()
    assert len(corpus.train) > 55000 and min(len(corpus.valid), len(corpus.test)) > 2500
    assert 1000 < len(corpus.vocabulary) < 2500
    for split in text.SPLITS:
        assert 0 < corpus.unknown[split] < 0.1 * len(getattr(corpus, split))


def test_every_word_of_the_vocabulary_is_trained_at_least_three_times():
    corpus = text.load_corpus("builtin")
    assert np.bincount(corpus.train, minlength=len(corpus.vocabulary)).min() >= 3
