import numpy as np
import pytest

from bidaf import evaluation, layers, prepare, spans, squad
from bidaf.batches import Batches
from tests import questions


def brute_force(starts, stops, sentence):
    """The original's rule: the earliest end wins among equals, then the earliest beginning."""
    found = (0, 0, -1.0)
    for last in range(len(sentence)):
        for first in range(last + 1):
            value = float(np.mean(starts[:, first] * stops[:, last]))
            if sentence[first] == sentence[last] and value > found[2] + 1e-12:
                found = first, last, value
    return found


@pytest.mark.parametrize("models", [1, 3])
def test_the_best_span_is_that_of_all_spans_within_a_sentence(models):
    random = np.random.RandomState(3)
    for length in (1, 2, 7, 12):
        sentence = np.sort(random.randint(3, size=length))
        starts, stops = (spans.probabilities(random.randn(models, length) * 2) for _ in range(2))
        first, last, score = spans.best(starts, stops, sentence)
        assert (first, last) == brute_force(starts, stops, sentence)[:2]
        assert score == pytest.approx(brute_force(starts, stops, sentence)[2])


def test_of_equal_spans_the_one_that_ends_and_then_begins_first_wins():
    even = np.full([1, 4], 0.25)
    assert spans.best(even, even, np.array([0, 0, 1, 1]))[:2] == (0, 0)
    assert spans.best(np.array([[0.0, 0.5, 0.5]]), np.array([[0.2, 0.2, 0.6]]), np.zeros(3, int))[:2] == (1, 2)


class Fixed:
    """A reader for which every answer goes from word ``first`` to the last word of its context."""

    def __init__(self, first, none=None):
        self.options = type("Options", (), {"no_answer": none is not None})
        self._first, self._none = first, none

    def scores(self, batch):
        start, stop = np.zeros(batch.context.shape), np.zeros(batch.context.shape)
        for row, length in enumerate(batch.context_length):
            start[row, self._first] = stop[row, length - 1] = 9.0
            start[row, length:] = stop[row, length:] = -1e30
        if self._none is not None:
            none = np.full([len(start), 1], self._none)
            start, stop = np.concatenate([none, start], axis=1), np.concatenate([none, stop], axis=1)
        return start, stop, np.full(len(start), 1.5)


@pytest.fixture
def split():
    value = questions.value(
        questions.article("Anna lives in Oslo", [("a", "Where does Anna live?", ["Oslo"])]),
        questions.article("In Riga, far away, lives Boris Berg", [("b", "Who lives in Riga?", ["Boris Berg"])]),
    )
    prepared = prepare.prepare({"train": squad.parse(value, "test")}, prepare.Options(vector_size=4))
    return prepared.train


def test_an_answer_that_ends_on_the_last_word_of_a_context_is_found(split):
    batch = Batches(split, 2).at(0)
    found = {answer.row: answer for answer in sum(evaluation.answers([Fixed(3)], split, [[batch]]), [])}
    assert [found[row].text for row in (0, 1)] == ["Oslo", "far away, lives Boris Berg"]
    assert found[0].span == (3, 3) and found[0].no_answer is None and found[0].loss == 1.5
    assert len(found[0].start) == 4 and found[0].start.sum() == pytest.approx(1)
    assert found[0].score == pytest.approx(found[0].start[3] * found[0].stop[3])


def test_models_that_answer_together_add_up_what_each_gives_to_every_span(split):
    batch = Batches(split, 2).at(0)
    together = sum(evaluation.answers([Fixed(0), Fixed(3), Fixed(3)], split, [[batch]] * 3), [])
    assert {answer.text for answer in together} == {"Oslo", "far away, lives Boris Berg"}


def test_an_answer_is_empty_where_there_being_none_is_more_probable(split):
    batch = Batches(split, 2).at(0)
    for none, text in ((20.0, ""), (-20.0, "Oslo")):
        found = {each.row: each for each in sum(evaluation.answers([Fixed(3, none)], split, [[batch]]), [])}
        assert found[0].text == text and (found[0].no_answer > 0.9) == (none > 0)


def test_official_metrics_are_of_the_answered_questions_alone(split):
    batch = Batches(split, 2).at(0)
    found = sum(evaluation.answers([Fixed(3)], split, [[batch]]), [])
    score = evaluation.score_of(split, [answer for answer in found if answer.row == 0])
    assert (score.exact_match, score.f1, score.questions) == (100.0, 100.0, 1)
    assert evaluation.score_of(split, found).exact_match == 50.0


def test_a_question_without_a_row_counts_as_unanswered_where_all_are_asked(split, monkeypatch):
    monkeypatch.setattr(split, "left_out", {"of an empty context": ["Oslo"]})
    batch = Batches(split, 2).at(0)
    found = sum(evaluation.answers([Fixed(3)], split, [[batch]]), [])
    whole = evaluation.score_of(split, found)
    assert (whole.questions, whole.unanswered) == (3, ["of an empty context"])
    assert whole.exact_match == pytest.approx(100.0 / 3)
    part = evaluation.score_of(split, [answer for answer in found if answer.row == 0])
    assert (part.questions, part.unanswered) == (1, [])


def test_a_score_that_is_no_number_is_no_padding():
    broken = np.float32([[1.0, np.nan, layers.VERY_NEGATIVE]]), np.float32([[2.0, 3.0, -np.inf]]), None
    start, stop = evaluation.real_scores([broken])
    np.testing.assert_array_equal(start, np.float32([1.0, np.nan]))
    np.testing.assert_array_equal(stop, np.float32([2.0, 3.0]))
