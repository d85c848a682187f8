"""From question files to prepared data: alignment, vocabulary, vectors, files, and what cannot be used."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("nltk")

from bidaf import data, prepare, selection, squad, vectors  # noqa: E402
from bidaf.vocabulary import UNKNOWN_ID, Vocabulary  # noqa: E402
from sparse_rnn.errors import UserError  # noqa: E402
from tests import disk, questions  # noqa: E402

ALL = selection.Options(vector_size=5, word_count=0, character_count=0)


def prepared_of(*articles, options=ALL, dev=None):
    datasets = {"train": squad.parse(questions.value(*articles), "train.json")}
    datasets["dev"] = squad.parse(questions.value(dev), "dev.json") if dev else datasets["train"]
    return prepare.prepare(datasets, options)


@pytest.fixture
def article():
    return questions.article(
        questions.CONTEXT,
        [
            ("q1", "Who sold a lamp?", ["Maria Silva"]),
            ("q2", "For how much was it bought?", ["$3.50", "3.50"]),
            ("q3", "Where did Paul buy it?", ["Riga."]),
        ],
    )


def arguments(tmp_path, article, *more):
    train = questions.write(tmp_path / "train.json", article)
    dev = questions.write(tmp_path / "dev.json", article)
    return ["--train", train, "--dev", dev, "--target_path", str(tmp_path / "data"), "--vector_size", "5"] + list(more)


def test_every_answer_becomes_the_tokens_it_touches(article):
    split = prepared_of(article).train
    texts = [[split.answer_text(row, *span) for span in split.spans_of(row)] for row in range(len(split))]
    assert texts == [["Maria Silva"], ["$3.50", "3.50"], ["Riga."]]
    tokens = [split.table.tokens[token] for token in split.context_tokens]
    assert (
        " ".join(tokens) == "Maria Silva sold a red lamp in Oslo . On Monday Paul Berg bought it for $ 3.50 , in Riga ."
    )
    assert split.sentences.tolist() == [0] * 9 + [1] * 13
    assert split.spans_of(2).tolist() == [[20, 21]]
    asked = split.question_tokens[split.question_begins[1] : split.question_begins[2]]
    assert [split.table.tokens[token] for token in asked] == "For how much was it bought ?".split()


def test_answers_that_do_not_fit_are_listed_and_the_rest_is_used(article):
    article["paragraphs"][0]["qas"][1]["answers"][0]["answer_start"] = 3
    article["paragraphs"][0]["qas"][0]["answers"][0]["answer_start"] = -2
    article["paragraphs"][0]["qas"][2]["answers"][0]["answer_start"] = 5000
    prepared = prepared_of(article)
    split = prepared.train
    assert [len(split.spans_of(row)) for row in range(3)] == [0, 1, 0]
    assert split.gold() == {"q1": ["Maria Silva"], "q2": ["$3.50", "3.50"], "q3": ["Riga."]}
    assert len(prepared.left_out) == 2 * 3  # for train and for dev
    assert prepared.left_out[1] == "train q2: the context has 'ia Si' at 3, not the answer '$3.50'"


def test_questions_and_contexts_without_words_are_left_out_but_count(article):
    empty = questions.article(" ", [("q5", "Why?", [])])
    article["paragraphs"][0]["qas"].append(
        {"id": "q4", "question": " ", "answers": [{"text": "red", "answer_start": 19}]}
    )
    prepared = prepared_of(empty, article)
    assert prepared.train.ids == ["q1", "q2", "q3"] and len(prepared.train.contexts) == 1
    assert prepared.train.gold()["q4"] == ["red"] and prepared.train.gold()["q5"] == []
    assert "train q4: the question has no words" in prepared.left_out
    assert "train q5: the context has no words" in prepared.left_out
    answer = {"text": "  ", "answer_start": 0}
    blank = questions.article("a  b", [("q1", "What?", [dict(answer, answer_start=1)])])
    assert prepared_of(blank).left_out[0] == "train q1: the answer '  ' has no words"


def test_a_context_token_counts_once_for_every_question_about_it():
    two = questions.article("red blue", [("a", "red ?", []), ("b", "why ?", [])])
    one = questions.article("red", [("c", "why ?", [])])
    split = prepared_of(two, one).train
    counts = selection.counts_of(len(split.table.tokens), split.arrays())
    assert dict(zip(split.table.tokens, counts.tolist())) == {"red": 2 + 1 + 1, "blue": 2, "?": 3, "why": 2}


def test_frequent_words_without_a_vector_are_trained_and_given_ones_are_fixed(tmp_path):
    text = "blue " * 4 + "Red " * 3 + "Tall " * 3 + "green green"
    train = questions.article(text, [("a", "blue", [])])
    dev = questions.article("dev blue new", [("b", "blue", [])])
    path = questions.glove(tmp_path / "glove", {"red": [1, 2], "dev": [3, 4], "blue": [5, 6], "other": [7, 8]})
    options = selection.Options(glove=path, word_count=2, character_count=4)
    vocabulary = prepared_of(train, options=options, dev=dev).vocabulary
    assert vocabulary.trained == ["tall"]
    assert vocabulary.fixed == ["blue", "red", "dev"]
    assert vocabulary.fixed_vectors.tolist() == [[5, 6], [1, 2], [3, 4]]
    ids = [vocabulary.word_id(word) for word in ("TALL", "blue", "Red", "dev", "green", "new", "-UNK-")]
    assert ids == [2, 3, 4, 5, UNKNOWN_ID, UNKNOWN_ID, UNKNOWN_ID]
    assert vocabulary.characters == ["e", "l", "b", "u"]  # e 4+1+3+4, l 4+1+6, b and u 4+1 each
    assert vocabulary.character_id("e") == 2 and vocabulary.character_id("z") == UNKNOWN_ID
    assert vocabulary.source == {"file": "glove"}


def test_given_vectors_can_be_where_training_begins(tmp_path):
    train = questions.article("blue blue Red Red Red tall", [("a", "blue", [])])
    dev = questions.article("dev", [("b", "blue", [])])
    path = questions.glove(tmp_path / "glove", {"red": [1, 2], "dev": [3, 4]})
    options = selection.Options(glove=path, word_count=1, train_glove=True)
    vocabulary = prepared_of(train, options=options, dev=dev).vocabulary
    assert vocabulary.trained == ["blue", "red"] and vocabulary.fixed == ["dev"]
    assert vocabulary.trained_vectors[vocabulary.word_id("red")].tolist() == [1, 2]
    cased = selection.Options(glove=path, word_count=1, train_glove=True, keep_case=True)
    assert prepared_of(train, options=cased, dev=dev).vocabulary.trained == ["Red", "blue"]


def test_without_a_file_a_word_has_the_same_random_vector_in_every_text(article):
    options = selection.Options(vector_size=7, word_count=3, seed=3)
    vocabulary = prepared_of(article, options=options).vocabulary
    assert "it" in vocabulary.trained and "riga" in vocabulary.fixed
    other = prepared_of(questions.article("Riga it it it", [("a", "it", [])]), options=options).vocabulary
    for word in ("it", "riga"):
        place = vocabulary.trained.index(word) + 2 if word == "it" else vocabulary.fixed.index(word)
        rows = vocabulary.trained_vectors if word == "it" else vocabulary.fixed_vectors
        there = other.trained_vectors[2] if word == "it" else other.fixed_vectors[other.fixed.index(word)]
        np.testing.assert_array_equal(rows[place], there)
    many = vectors.random(["w{}".format(number) for number in range(300)], 50, seed=3)
    assert abs(many.mean()) < 0.03 and abs(many.std() - 1) < 0.03
    assert np.abs(np.corrcoef(many) - np.eye(300)).max() < 0.75
    assert not np.array_equal(many, vectors.random(["w{}".format(number) for number in range(300)], 50, seed=4))


def test_a_vocabulary_covers_the_words_of_other_texts_and_keeps_its_ids(tmp_path, article):
    random = prepared_of(article).vocabulary
    wider = random.covering(["Lamp", "Zebra", "zebra", "yak"])
    assert wider.fixed == random.fixed + ["yak", "zebra"] and wider.word_id("Lamp") == random.word_id("lamp")
    np.testing.assert_array_equal(wider.fixed_vectors[-2:], vectors.random(["yak", "zebra"], 5))
    path = questions.glove(tmp_path / "glove", {"red": [1, 2], "yak": [3, 4]})
    given = prepared_of(article, options=selection.Options(glove=path)).vocabulary
    assert given.covering(["yak"]) is given
    assert given.covering(["yak", "Red"], path).fixed == ["red", "yak"]
    narrow = questions.glove(tmp_path / "narrow", {"yak": [3, 4, 5]})
    with pytest.raises(UserError, match="vectors have 3 numbers, those of the vocabulary 2.*glove"):
        given.covering(["yak"], narrow)


@pytest.mark.parametrize(
    "lines, reason",
    [
        (["red 1 2", "lamp 1"], "line 2: 2 numbers are needed as on line 1, not 1"),
        (["red 1 x"], "line 1: there is something that is no number"),
        (["red 1 nan"], "line 1: there is something that is no number"),
        (["zebra 1 2"], "none of the texts' .* words is in it"),
        (["just text"], "line 1: a word and its vector are needed"),
        ([], "none of the texts'"),
    ],
)
def test_a_damaged_file_of_vectors_is_a_sentence(tmp_path, article, lines, reason):
    path = tmp_path / "glove"
    path.write_text("".join(line + "\n" for line in lines))
    with pytest.raises(UserError, match=reason):
        prepare.main(arguments(tmp_path, article, "--glove", str(path)))
    assert sorted(os.listdir(str(tmp_path))) == ["dev.json", "glove", "train.json"]


def test_a_line_of_vectors_may_be_for_a_word_of_several_parts_and_the_own_form_wins(tmp_path):
    path = tmp_path / "glove"
    path.write_text("Red 1 2\n. . 9 9\nred 3 4\nRED 5 6\nblue 7 8\nBlue 0 0\n")
    found, size = vectors.read_glove(str(path), ["red", "blue", "x"])
    assert size == 2
    assert {word: vector.tolist() for word, vector in found.items()} == {"red": [3, 4], "blue": [7, 8]}


def test_what_is_written_is_read_again(tmp_path, article, capsys):
    assert prepare.main(arguments(tmp_path, article)) == 0
    said = capsys.readouterr().out
    assert "word vectors are random" in said and "train with --data_path=" in said
    written, read = prepared_of(article, options=selection.Options(vector_size=5)), data.load(str(tmp_path / "data"))
    for name in ("train", "dev"):
        for key, array in written.splits[name].arrays().items():
            np.testing.assert_array_equal(array, read.splits[name].arrays()[key])
        assert written.splits[name].texts() == read.splits[name].texts()
        np.testing.assert_array_equal(written.splits[name].table.words, read.splits[name].table.words)
    np.testing.assert_array_equal(written.vocabulary.fixed_vectors, read.vocabulary.fixed_vectors)
    assert read.summary["counts"]["train"]["questions"] == 3
    assert prepare.main(arguments(tmp_path, article)) == 0
    assert "is prepared already" in capsys.readouterr().out


def test_data_can_be_read_with_another_vocabulary(tmp_path, article):
    prepare.main(arguments(tmp_path, article))
    other = Vocabulary(["lamp"], [], ["a"], np.zeros((3, 5), np.float32), np.zeros((0, 5), np.float32), {"seed": 0})
    split = data.load(str(tmp_path / "data"), other).train
    assert [split.table.tokens[token] for token in np.flatnonzero(split.table.words > 1)] == ["lamp"]
    assert prepare.open_data(str(tmp_path / "data"), other).vocabulary is other


def test_a_file_without_answers_becomes_a_split_for_a_trained_model(article):
    vocabulary = prepared_of(article).vocabulary
    split, left_out = prepare.questions(squad.single(questions.CONTEXT, "Who is Zoe?"), "asked", vocabulary)
    assert (len(split), left_out, split.gold()) == (1, [], {"question": []})
    words = split.table.words[split.question_tokens]
    assert words.tolist()[0] == vocabulary.word_id("who") and words.tolist()[2] == UNKNOWN_ID


@pytest.mark.parametrize("name", ["train.npz", "vectors.npz", "tokens.json", "dev.json", "vocabulary.json"])
def test_a_file_that_was_cut_off_or_lost_is_a_sentence(tmp_path, article, name):
    prepare.main(arguments(tmp_path, article))
    path = tmp_path / "data" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=name + ": this is no longer what was prepared"):
        data.load(str(tmp_path / "data"))
    path.unlink()
    with pytest.raises(UserError, match=name + ": cannot be read"):
        data.load(str(tmp_path / "data"))


def test_a_folder_without_prepared_data_says_how_to_make_it(tmp_path, article):
    with pytest.raises(UserError, match="holds no prepared data.*bidaf/prepare.py"):
        data.load(str(tmp_path))
    prepare.main(arguments(tmp_path, article))
    summary = tmp_path / "data" / "prepared.json"
    summary.write_text(summary.read_text().replace('"format": 1', '"format": 999'))
    with pytest.raises(UserError, match="another version"):
        data.load(str(tmp_path / "data"))
    summary.write_text('{"format": 1}')
    with pytest.raises(UserError, match="no longer what was prepared"):
        data.load(str(tmp_path / "data"))


def test_a_folder_that_has_something_else_in_it_is_left_alone(tmp_path, article):
    prepare.main(arguments(tmp_path, article))
    before = (tmp_path / "data" / "prepared.json").read_bytes()
    with pytest.raises(UserError, match="something else in it"):
        prepare.main(arguments(tmp_path, article, "--seed", "9"))
    assert (tmp_path / "data" / "prepared.json").read_bytes() == before
    shutil.rmtree(str(tmp_path / "data"))
    (tmp_path / "data").write_text("mine")
    with pytest.raises(UserError, match="something else in it"):
        prepare.main(arguments(tmp_path, article))


def test_a_full_disk_leaves_nothing(tmp_path, article):
    prepared = prepared_of(article)
    with disk.room_for(1500):
        with pytest.raises(UserError, match="cannot be written"):
            with prepare.whole(str(tmp_path / "data")) as folder:
                prepared.save(folder)
    assert os.listdir(str(tmp_path)) == []


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, article, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(prepare, "prepare", lambda *arguments, **named: pytest.fail("the work was begun"))
    command = arguments(tmp_path, article)
    command[command.index("--target_path") + 1] = str(tmp_path / "file" / "data")
    with pytest.raises(UserError, match="file' cannot be made"):
        prepare.main(command)


@pytest.mark.parametrize(
    "flags, reason",
    [
        (["--vector_size", "0"], "vector_size.*less than 1"),
        (["--word_count", "-1"], "word_count.*less than 0"),
        (["--glove_file", "x"], "--glove"),
    ],
)
def test_flags_that_cannot_be_are_a_sentence(tmp_path, article, flags, reason):
    with pytest.raises(UserError, match=reason):
        prepare.main(arguments(tmp_path, article) + flags)


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda value: value.pop("data"), "train.json: 'data' is missing"),
        (lambda value: value.update(data={}), "train.json: data: a list is needed here, not an object"),
        (lambda value: value["data"].append(None), r"data\[1\]: an object is needed here, not null"),
        (
            lambda value: value["data"][0]["paragraphs"][0].pop("context"),
            r"data\[0\].paragraphs\[0\]: 'context' is missing",
        ),
        (lambda value: value["data"][0]["paragraphs"][0].update(qas=[]), "there is no question in it"),
        (
            lambda value: value["data"][0]["paragraphs"][0]["qas"][1].update(id="q1"),
            r"qas\[1\]: the id 'q1' stands above",
        ),
        (
            lambda value: value["data"][0]["paragraphs"][0]["qas"][1].update(question=3),
            "a text is needed here, not a whole",
        ),
        (
            lambda value: value["data"][0]["paragraphs"][0]["qas"][0]["answers"][0].update(answer_start=True),
            r"qas\[0\].answers\[0\].answer_start: a whole number is needed here, not True",
        ),
    ],
)
def test_a_file_of_another_form_is_a_sentence_that_says_where(article, change, reason):
    value = questions.value(article)
    change(value)
    with pytest.raises(UserError, match=reason):
        squad.parse(value, "train.json")


def test_text_that_is_not_json_is_a_sentence(tmp_path, article):
    command = arguments(tmp_path, article)
    (tmp_path / "train.json").write_text(json.dumps(questions.value(article))[:-40])
    with pytest.raises(UserError, match="train.json, line 1, column .*not JSON"):
        prepare.main(command)


def test_preparing_and_scoring_start_without_tensorflow(tmp_path, article):
    program = (
        "import sys; sys.modules['tensorflow'] = None\nfrom bidaf import metrics, prepare\nsys.exit(prepare.main({!r}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program.format(arguments(tmp_path, article))],
        capture_output=True,
    )
    assert (ended.returncode, ended.stderr.decode()) == (0, "")


def test_real_questions_are_aligned_to_the_last_one():
    folder = os.path.join(os.environ.get("SPARSE_RNN_DATA", ""), "squad_small")
    if not os.path.isdir(folder):
        pytest.skip("SPARSE_RNN_DATA names no folder with squad_small/")
    datasets = {name: squad.read(os.path.join(folder, name + "-v1.1.json")) for name in ("train", "dev")}
    prepared = prepare.prepare(datasets, selection.Options())
    assert prepared.left_out == []
    assert [prepared.summary["counts"][name]["questions"] for name in ("train", "dev")] == [1556, 389]
    for split in (prepared.train, prepared.dev):
        for row in range(len(split)):
            for span, text in zip(split.spans_of(row), split.answers[row]):
                assert text in split.answer_text(row, *span)
