"""The metrics of SQuAD 1.1, against numbers worked out by hand from their definition."""

import json
import os

import pytest

from bidaf import metrics
from sparse_rnn.errors import UserError


def dataset(tmp_path, gold, version="1.1"):
    questions = [
        {"id": key, "question": "?", "answers": [{"text": text, "answer_start": 0} for text in texts]}
        for key, texts in gold.items()
    ]
    path = tmp_path / "gold.json"
    value = {"version": version, "data": [{"title": "t", "paragraphs": [{"context": "c", "qas": questions}]}]}
    path.write_text(json.dumps(value))
    return str(path)


def predictions(tmp_path, value):
    path = tmp_path / "answers.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("The  Denver\tBroncos", "denver broncos"),
        ("a cat, an owl and the theatre", "cat owl and theatre"),
        ("U.S. (1,000)", "us 1000"),
        ("the-end a.m.", "theend am"),
        ("“quoted” – dash", "“quoted” – dash"),
        ("the", ""),
        ("A\u00a0B", "b"),
    ],
)
def test_an_answer_is_compared_without_case_ascii_punctuation_articles_and_spaces(text, expected):
    assert metrics.normalised(text) == expected


@pytest.mark.parametrize(
    "prediction, answer, expected",
    [
        ("Denver Broncos", "the Denver Broncos!", 1.0),
        ("Denver", "Denver Broncos", 2 / 3),
        ("in Denver in 1999", "in in in Denver", 2 * (3 / 4) * (3 / 4) / (3 / 4 + 3 / 4)),
        ("red red", "red", 2 / 3),
        ("blue", "red", 0.0),
        ("the", "a", 0.0),
    ],
)
def test_f1_is_over_the_multiset_of_words(prediction, answer, expected):
    assert metrics.f1(prediction, answer) == pytest.approx(expected, abs=1e-12)
    assert metrics.f1(answer, prediction) == metrics.f1(prediction, answer)


def test_the_best_gold_answer_counts_for_each_metric_by_itself():
    assert metrics.best("red blue", ["blue", "red blue green"]) == (0.0, pytest.approx(0.8))
    assert metrics.best("the Blue", ["red", "blue"]) == (1.0, 1.0)


def test_a_question_without_gold_answers_wants_none():
    assert metrics.best("", []) == (1.0, 1.0)
    assert metrics.best("red", []) == (0.0, 0.0)


def test_unanswered_questions_count_zero_and_strangers_nothing():
    gold = {"q1": ["red"], "q2": ["blue", "navy blue"], "q3": ["green"]}
    found = metrics.score(gold, {"q1": "Red.", "q2": "navy", "another": "green"})
    assert found.exact_match == pytest.approx(100 / 3)
    assert found.f1 == pytest.approx(100 * (1 + 2 / 3) / 3)
    assert (found.questions, found.unanswered) == (3, ["q3"])


def test_the_command_prints_json_alone_and_says_the_rest_beside_it(tmp_path, capsys):
    gold = dataset(tmp_path, {"q1": ["red"], "q2": ["blue"]}, version="2.0")
    answers = predictions(tmp_path, {"q1": "red", "x": "y", "scores": {"q1": 0.5}, "na": {"q1": 0.1}})
    assert metrics.main([gold, answers]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"exact_match": 50.0, "f1": 50.0}
    assert "1 of 2 questions have no answer and count 0: q2" in said.err
    assert "1 answers are to no question" in said.err and "'2.0'" in said.err


@pytest.mark.parametrize(
    "content, reason",
    [
        ('{"q1": ', "line 1, column 8.*not JSON"),
        ("[1]", "object of answers"),
        ({"q1": ["red"]}, "the answer to 'q1' is no text"),
        ({"q1": None}, "is no text but null"),
    ],
)
def test_predictions_of_another_form_are_a_sentence(tmp_path, content, reason):
    with pytest.raises(UserError, match=reason):
        metrics.read_predictions(predictions(tmp_path, content))


def test_a_file_without_gold_answers_cannot_be_scored(tmp_path):
    with pytest.raises(UserError, match="none of the 2 questions has a gold answer"):
        metrics.main([dataset(tmp_path, {"q1": [], "q2": []}), predictions(tmp_path, {})])


def test_gold_answers_of_real_questions_score_a_hundred(tmp_path, capsys):
    path = os.path.join(os.environ.get("SPARSE_RNN_DATA", ""), "squad_small", "dev-v1.1.json")
    if not os.path.exists(path):
        pytest.skip("SPARSE_RNN_DATA names no folder with squad_small/")
    gold = metrics.squad.read(path).gold()
    assert len(gold) == 389
    first = {key: texts[0] for key, texts in gold.items()}
    assert metrics.main([path, predictions(tmp_path, first)]) == 0
    assert json.loads(capsys.readouterr().out) == {"exact_match": 100.0, "f1": 100.0}
    others = {key: texts[-1] for key, texts in gold.items()}
    assert metrics.score({key: texts[:1] for key, texts in gold.items()}, others).f1 < 100
