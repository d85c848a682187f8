"""Question files in SQuAD's JSON form (Rajpurkar et al. 2016), checked while they are read."""

from dataclasses import dataclass
from typing import List, Tuple

from sparse_rnn import files
from sparse_rnn.errors import UserError

#: The version whose official metric is computed here.
VERSION = "1.1"


@dataclass(frozen=True)
class Question:
    """One question; ``answers`` are ``(text, first character in the context)``, none where the file has none."""

    id: str
    text: str
    answers: Tuple[Tuple[str, int], ...]


@dataclass(frozen=True)
class Paragraph:
    """A context and the questions about it."""

    title: str
    context: str
    questions: Tuple[Question, ...]


@dataclass(frozen=True)
class Dataset:
    """A question file: its version, and its paragraphs in their order."""

    version: str
    paragraphs: List[Paragraph]

    def questions(self):
        """All questions, in their order."""
        for paragraph in self.paragraphs:
            yield from paragraph.questions

    def gold(self):
        """The texts of all gold answers: ``{id: [text, ...]}``."""
        return {question.id: [text for text, _ in question.answers] for question in self.questions()}


def read(path):
    """The :class:`Dataset` in the file at ``path``.

    Raises:
      UserError: the file cannot be read, is not JSON, or not of SQuAD's form; the sentence says where.
    """
    return parse(files.read_json(path), path)


def parse(value, where):
    """The :class:`Dataset` in a JSON value.

    Args:
      value: what the JSON holds.
      where: the name of the file, for errors.

    Raises:
      UserError: it is not of SQuAD's form.
    """
    top = _Node(value, where)
    version = top.fields(dict).get("version", "")
    paragraphs, seen = [], set()
    for article in top.each("data"):
        title = article.fields(dict).get("title", "")
        for paragraph in article.each("paragraphs"):
            questions = tuple(_question(node, seen) for node in paragraph.each("qas"))
            paragraphs.append(Paragraph(str(title), paragraph.get("context", str), questions))
    if not seen:
        raise UserError("{}: there is no question in it; give a file in the form of SQuAD 1.1.".format(where))
    return Dataset(str(version), paragraphs)


def single(context, question):
    """The :class:`Dataset` of one question without an answer; its id is ``question``."""
    return Dataset(VERSION, [Paragraph("", context, (Question("question", question, ()),))])


def _question(node, seen):
    identity = node.get("id", str)
    if identity in seen:
        raise UserError("{}: the id '{}' stands above already; give each question its own.".format(node, identity))
    seen.add(identity)
    answers = node.each("answers") if "answers" in node.fields(dict) else ()
    return Question(
        identity,
        node.get("question", str),
        tuple((answer.get("text", str), answer.get("answer_start", int)) for answer in answers),
    )


class _Node:
    """A value in the JSON, the file it is from, and the path to it there."""

    def __init__(self, value, file, path=""):
        self._value, self._file, self._path = value, file, path

    def __str__(self):
        return "{}: {}".format(self._file, self._path) if self._path else self._file

    def fields(self, kind):
        if not isinstance(self._value, kind) or isinstance(self._value, bool):
            raise UserError(
                "{}: {} is needed here, not {}; give a file in the form of SQuAD 1.1.".format(
                    self, _KINDS[kind], _name_of(self._value)
                )
            )
        return self._value

    def child(self, key):
        if key not in self.fields(dict):
            raise UserError("{}: '{}' is missing; give a file in the form of SQuAD 1.1.".format(self, key))
        return _Node(self._value[key], self._file, self._path + "." + key if self._path else key)

    def get(self, key, kind):
        return self.child(key).fields(kind)

    def each(self, key):
        items = self.child(key)
        for number, item in enumerate(items.fields(list)):
            yield _Node(item, self._file, "{}[{}]".format(items._path, number))


_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


def _name_of(value):
    return "null" if value is None else _KINDS.get(type(value), "{!r}".format(value))
