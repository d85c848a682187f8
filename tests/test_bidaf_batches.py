"""Batches of questions: what is in them, how far they are padded, and that they are a function of the step."""

import re

import numpy as np
import pytest

pytest.importorskip("nltk")

from bidaf import prepare, selection, squad, world  # noqa: E402
from bidaf.batches import Batches, Limits  # noqa: E402
from sparse_rnn.errors import UserError  # noqa: E402
from tests import questions  # noqa: E402


def split_of(*articles):
    dataset = squad.parse(questions.value(*articles), "train.json")
    options = selection.Options(vector_size=3, word_count=0, character_count=0)
    return prepare.prepare({"train": dataset}, options).train


@pytest.fixture(scope="module")
def split():
    """37 questions about contexts of 5 to 41 words; each has two gold answers."""
    articles = []
    for number in range(37):
        context = " ".join(["w{}".format(number)] * (5 + number) + ["yes"])
        asked = " ".join(["what"] * (1 + number % 7)) + " ?"
        articles.append(questions.article(context, [("q{}".format(number), asked, ["w{}".format(number), "yes"])]))
    return split_of(*articles)


def rows_of(batches, steps):
    return np.concatenate([batches.at(step).indices for step in steps])


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other))


def test_a_batch_holds_the_ids_of_words_and_characters_padded_with_zero():
    split = split_of(
        questions.article(questions.CONTEXT, [("a", "Who sold a lamp?", ["Maria Silva"])]),
        questions.article("Red lamp", [("b", "Why?", ["lamp"])]),
    )
    batch = Batches(split, 5, Limits(word=3)).at(0)
    assert batch.indices.tolist() == [1, 0]  # the shorter one first
    assert batch.context.shape == (2, 22) and batch.context_chars.shape == (2, 22, 3)
    assert batch.question.shape == (2, 5) and batch.question_chars.shape == (2, 5, 3)
    assert batch.context_length.tolist() == [2, 22] and batch.question_length.tolist() == [2, 5]
    words, characters = split.table.words, split.table.characters(3)
    place = split.context_slice(0)
    assert batch.context[1].tolist() == words[split.context_tokens[place]].tolist()
    assert batch.context_chars[1].tolist() == characters[split.context_tokens[place]].tolist()
    assert batch.context[0, 2:].tolist() == [0] * 20 and not batch.context_chars[0, 2:].any()
    assert batch.question[0].tolist() == words[split.question_tokens[-2:]].tolist() + [0] * 3
    assert (batch.context[0, :2] > 1).all()
    assert batch.start.tolist() == [1, 0] and batch.stop.tolist() == [1, 1]
    assert batch.sentence[0].tolist() == [0, 0] + [-1] * 20
    assert {array.dtype for array in batch} == {np.dtype(np.int32)}


def test_a_word_is_cut_to_so_many_characters_and_a_short_one_padded():
    split = split_of(questions.article("a abcd", [("q", "a", ["a"])]))
    characters = split.table.characters(2)
    assert characters[0, 1] == 0 and characters[0, 0] == characters[1, 0] > 1 and characters[1, 1] > 1


@pytest.mark.parametrize("training", [True, False])
def test_an_epoch_has_every_row_once_and_the_last_batch_what_is_left(split, training):
    batches = Batches(split, 8, training=training, seed=3)
    assert len(batches) == 5
    sizes = sorted(len(batches.at(step).indices) for step in range(5))
    assert sizes == [5, 8, 8, 8, 8]
    assert sorted(rows_of(batches, range(5)).tolist()) == list(range(37))


def test_batches_are_a_function_of_seed_and_step(split):
    one, other = (Batches(split, 8, training=True, seed=3) for _ in range(2))
    steps = [13, 2, 7, 2]
    later = [other.at(step) for step in reversed(steps)]
    assert all(equal(one.at(step), batch) for step, batch in zip(steps, reversed(later)))
    assert not equal(one.at(2), Batches(split, 8, training=True, seed=4).at(2))


def test_every_epoch_of_training_has_another_order_and_evaluation_the_same(split):
    training, evaluation = (Batches(split, 8, training=training) for training in (True, False))
    assert rows_of(training, range(5)).tolist() != rows_of(training, range(5, 10)).tolist()
    assert all(equal(evaluation.at(step), evaluation.at(step + 5)) for step in range(5))


def test_training_chooses_among_gold_answers_and_evaluation_takes_the_first(split):
    training = Batches(split, 37, training=True)
    starts = np.stack([batch.start[np.argsort(batch.indices)] for batch in map(training.at, range(6))])
    lengths = split.context_lengths
    assert np.all((starts == 0) | (starts == lengths - 1))
    assert 0.3 < np.mean(starts == 0) < 0.7
    assert not Batches(split, 37).at(0).start.any()


def test_batches_of_like_lengths_need_little_padding(split):
    def padding(**options):
        batches = [Batches(split, 4, training=True, **options).at(step) for step in range(10)]
        return sum(batch.context.size - batch.context_length.sum() for batch in batches)

    assert padding(bucket=20) < 0.3 * padding(bucket=0)
    for step in range(10):
        batch = Batches(split, 4, training=True).at(step)
        assert batch.context.shape[1] == batch.context_length.max()
        assert batch.question.shape[1] == batch.question_length.max()


def test_buckets_are_mixed_so_that_lengths_do_not_grow_over_an_epoch(split):
    lengths = [Batches(split, 4, training=True, seed=1).at(step).context.shape[1] for step in range(10)]
    assert lengths != sorted(lengths) and lengths != sorted(lengths, reverse=True)


def test_training_leaves_out_what_is_too_long_and_evaluation_cuts_it(split):
    limits = Limits(question=5, context=20)
    training = Batches(split, 37, limits, training=True)
    assert all(split.question_lengths[row] <= 5 and split.context_lengths[row] <= 20 for row in training.rows)
    assert len(training.rows) == sum(1 for n in range(37) if 2 + n % 7 <= 5 and n + 6 <= 20)
    evaluated = Batches(split, 37, limits).at(0)
    assert len(evaluated.indices) == 37 and evaluated.context.shape[1] == 20 and evaluated.question.shape[1] == 5
    assert evaluated.context_length.max() == 20


def test_an_answer_beyond_the_cut_or_none_at_all_is_no_answer():
    split = split_of(
        questions.article(
            "one two three four", [("a", "what ?", ["four"]), ("b", "what ?", ["two"]), ("c", "why ?", [])]
        )
    )
    batch = Batches(split, 3, Limits(context=3)).at(0)
    assert dict(zip(batch.indices.tolist(), batch.answerable.tolist())) == {0: 0, 1: 1, 2: 0}
    limits = Limits(context=3)
    assert Batches(split, 3, limits, training=True).rows.tolist() == [1]
    assert Batches(split, 3, limits, training=True, unanswerable=True).rows.tolist() == [1, 2]
    batch = Batches(split, 3, limits, training=True, unanswerable=True).at(0)
    assert dict(zip(batch.indices.tolist(), batch.answerable.tolist())) == {1: 1, 2: 0}


def test_sentences_are_numbered_and_answers_across_them_left_out_where_asked_for():
    split = split_of(
        questions.article(questions.CONTEXT, [("a", "what ?", ["Oslo. On Monday"]), ("b", "who ?", ["Paul Berg"])])
    )
    assert Batches(split, 2, training=True).rows.tolist() == [0, 1]
    within = Batches(split, 2, Limits(sentences=True), training=True)
    assert within.rows.tolist() == [1]
    assert within.at(0).sentence[0].tolist() == [0] * 9 + [1] * 13
    assert Batches(split, 2).at(0).sentence.max() == 0


def test_questions_none_of_which_fits_are_a_sentence(split):
    with pytest.raises(UserError, match="none of the 37 questions of the train data.*questions of 1"):
        Batches(split, 8, Limits(question=1), training=True)


def test_the_invented_world_is_the_same_every_time_and_its_parts_share_no_context(monkeypatch):
    monkeypatch.setattr(world, "SIZES", {"train": 300, "dev": 150})
    first, again = world.dataset("dev"), world.dataset("dev")
    assert first == again and first != world.dataset("dev", seed=1)
    datasets = [squad.parse(world.dataset(split), split) for split in world.SIZES]
    train, dev = ({paragraph.context for paragraph in dataset.paragraphs} for dataset in datasets)
    assert len(train) == world.SIZES["train"] and len(dev) == world.SIZES["dev"] and not train & dev


def test_every_answer_of_the_invented_world_stands_where_it_should_and_has_rivals():
    dataset = squad.parse(world.dataset("dev"), "dev")
    kinds = {"Who": 0, "By": 0, "What": 0, "Where": 0, "When": 0, "On": 0}
    for paragraph in dataset.paragraphs:
        assert len(paragraph.questions) == world.QUESTIONS
        sentences = paragraph.context.split(". ")
        for question in paragraph.questions:
            [(text, start)] = question.answers
            assert paragraph.context[start : start + len(text)] == text
            assert text not in question.text
            # Only one sentence has the person or the thing of the question, and it has the answer.
            names = [name for name in world._PEOPLE + world._OBJECTS if re.search(name + r"\b", question.text)]
            told = [all(name in sentence for name in names) for sentence in sentences]
            assert names and sum(told) == 1 and text in sentences[told.index(True)]
            kinds[question.text.split()[0]] += 1
    assert min(kinds.values()) > 20


def test_the_invented_world_is_prepared_without_a_download(monkeypatch):
    monkeypatch.setattr(world, "SIZES", {"train": 40, "dev": 5})
    prepared = prepare.open_data("builtin")
    assert prepared.left_out == [] and len(prepared.train) == 120 and len(prepared.dev) == 15
    assert prepared.vocabulary.vector_size == world.VECTOR_SIZE
    other = prepare.open_data("builtin", prepared.vocabulary)
    np.testing.assert_array_equal(other.train.table.words, prepared.train.table.words)
