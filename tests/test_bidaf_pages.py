"""Answers on disk, as a page, and as a picture."""

import json
import re
from collections import namedtuple

import numpy as np
import pytest

pytest.importorskip("nltk")

from matplotlib import image  # noqa: E402

from bidaf import answer_files, pages, prepare, selection, squad  # noqa: E402
from sparse_rnn.errors import UserError  # noqa: E402
from tests import disk, questions  # noqa: E402

Answer = namedtuple("Answer", "row text score span start stop no_answer")
HOSTILE = "</script><script>alert('&')</script> $x^$ \ud800 \u2028"


@pytest.fixture
def split():
    article = questions.article(
        questions.CONTEXT,
        [
            ("q1", "Who sold " + HOSTILE + "?", ["Maria Silva"]),
            ("q2", "How much?", ["$3.50", "3.50"]),
            ("q3", "Where?", ["Riga."]),
            ("q4", "Why?", []),
        ],
    )
    dataset = squad.parse(questions.value(article), "dev.json")
    return prepare.prepare({"train": dataset}, selection.Options(vector_size=3)).train


def answers_to(split, spans):
    found = []
    for row, span in spans.items():
        random = np.random.RandomState(row)
        start, stop = (random.dirichlet(np.full(22, 0.1)) for _ in range(2))
        text = split.answer_text(row, *span) if span else ""
        found.append(Answer(row, text, 0.25 * (row + 1), span or (0, 0), start, stop, None))
    return found


def shown_in(path):
    """The data in a page, as a browser reads it."""
    element = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    return json.loads(element.group(1))


def test_answers_are_read_as_they_were_written_in_any_order(tmp_path, split):
    answers = answers_to(split, {2: (18, 19), 0: (0, 1)})
    answer_files.write(str(tmp_path), split, answers)
    read = answer_files.read(str(tmp_path), split)
    assert [answer.row for answer in read] == [0, 2]
    for written, back in zip(reversed(answers), read):
        assert (back.text, back.score, back.span) == (written.text, written.score, written.span)
        np.testing.assert_allclose(back.start, written.start, rtol=1e-6)
        np.testing.assert_allclose(back.stop, written.stop, rtol=1e-6)
    value = json.loads((tmp_path / "answers-train.json").read_text())
    assert value == {"q1": "Maria Silva", "q3": ", in", "scores": {"q1": 0.25, "q3": 0.75}}


def test_the_probability_of_no_answer_is_kept_where_there_is_one(tmp_path, split):
    answers = [answer._replace(no_answer=0.5) for answer in answers_to(split, {3: None})]
    path = answer_files.write(str(tmp_path), split, answers)
    with open(path) as file:
        assert json.load(file) == {"q4": "", "scores": {"q4": 1.0}, "na": {"q4": 0.5}}


def test_answers_to_other_questions_are_a_sentence(tmp_path, split):
    answer_files.write(str(tmp_path), split, answers_to(split, {0: (0, 1)}))
    (tmp_path / "answers-train.json").write_text('{"another": "x"}')
    with pytest.raises(UserError, match="not the answers to the train questions of this data"):
        answer_files.read(str(tmp_path), split)
    path = tmp_path / "answers-train.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="answers-train.npz: these are not numpy's arrays"):
        answer_files.read(str(tmp_path), split)


def test_a_page_says_of_each_answer_what_was_right_and_where_the_model_looked(tmp_path, split):
    answers = answers_to(split, {0: (1, 1), 1: (16, 17), 2: (0, 0), 3: None})
    pages.answers(str(tmp_path / "a.html"), split, answers, "a title")
    shown = shown_in(tmp_path / "a.html")
    assert [question["verdict"] for question in shown["questions"]] == ["partly", "right", "wrong", "right"]
    assert [question["span"] for question in shown["questions"]] == [[1, 1], [16, 17], [0, 0], None]
    assert shown["questions"][1]["gold"] == ["$3.50", "3.50"] and shown["questions"][0]["goldSpans"] == [[0, 1]]
    assert "2 of 4 answers are exactly right (50.0 %), mean F1 66.7" in shown["summary"]
    [context] = shown["contexts"]
    assert [context["text"][begin:end] for begin, end in context["tokens"]][:2] == ["Maria", "Silva"]
    heat = {token: (start, stop) for token, start, stop in shown["questions"][0]["heat"]}
    for token in range(22):
        expected = round(100 * answers[0].start[token]), round(100 * answers[0].stop[token])
        assert heat.get(token, (0, 0)) == expected


def test_a_page_of_a_file_without_gold_answers_calls_no_answer_wrong(tmp_path, split, monkeypatch):
    monkeypatch.setattr(split, "answers", [[] for _ in split.answers])
    pages.answers(str(tmp_path / "a.html"), split, answers_to(split, {0: (1, 1), 3: None}), "a title")
    shown = shown_in(tmp_path / "a.html")
    assert [question["verdict"] for question in shown["questions"]] == ["open", "open"]
    assert shown["summary"] == "2 answers; there are no gold answers to hold them against"


def test_no_text_breaks_out_of_a_page_and_a_page_loads_nothing(tmp_path, split):
    pages.answers(str(tmp_path / "a.html"), split, answers_to(split, {0: (0, 1)}), HOSTILE)
    text = (tmp_path / "a.html").read_text()
    assert text.count("<script") == 2 and text.count("</script") == 2
    assert shown_in(tmp_path / "a.html")["title"] == HOSTILE
    assert HOSTILE in shown_in(tmp_path / "a.html")["questions"][0]["question"]
    assert not re.search(r"https?:|src=|@import|innerHTML", text)


def test_the_picture_of_attention_is_written_for_any_words(tmp_path):
    random = np.random.RandomState(0)
    words = ["w$x$", "a_b^c", "\\frac{1}", "$"] + ["word"] * 50
    weights = random.dirichlet(np.ones(3), size=len(words))
    pages.attention(str(tmp_path / "a.png"), words, ["Who", "$", "?"], weights, "title $x$ \\")
    pixels = image.imread(str(tmp_path / "a.png"))
    assert pixels.shape[1] > 600 and pixels.std() > 0.05


def test_a_full_disk_is_a_sentence(tmp_path, split):
    answers = answers_to(split, {0: (0, 1)})
    with disk.room_for(50):
        with pytest.raises(UserError, match="a.html.*cannot be written"):
            pages.answers(str(tmp_path / "a.html"), split, answers, "t")
        with pytest.raises(UserError, match="answers-train.json.*cannot be written"):
            answer_files.write(str(tmp_path), split, answers)
