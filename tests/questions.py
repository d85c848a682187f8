"""Small question files in SQuAD's form, for tests."""

import json

CONTEXT = "Maria Silva sold a red lamp in Oslo. On Monday Paul Berg bought it for $3.50, in Riga."


def article(context, questions):
    """An article of one paragraph; questions are ``(id, text, [answer, ...])``, answers texts of it or JSON objects."""
    return {
        "title": "t",
        "paragraphs": [{"context": context, "qas": [_question(context, *each) for each in questions]}],
    }


def value(*articles):
    return {"version": "1.1", "data": list(articles)}


def write(path, *articles):
    path.write_text(json.dumps(value(*articles)), encoding="utf-8")
    return str(path)


def glove(path, vectors):
    """A GloVe file of ``{word: [number, ...]}``."""
    lines = [" ".join([word] + [str(number) for number in numbers]) + "\n" for word, numbers in vectors.items()]
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


def _question(context, identity, text, answers):
    answers = [
        answer if isinstance(answer, dict) else {"text": answer, "answer_start": context.index(answer)}
        for answer in answers
    ]
    return {"id": identity, "question": text, "answers": answers}
