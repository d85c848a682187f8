"""From the texts of a question file to tokens, and from the characters of an answer to the tokens it spans."""

import numpy as np

from bidaf.tokens import Tokenizer


class Builder:
    """Makes splits out of question files; all share one table of tokens."""

    def __init__(self):
        self._tokenize = Tokenizer()
        self._rows = {}
        self.left_out = []

    @property
    def tokens(self):
        """The distinct tokens so far."""
        return list(self._rows)

    def split(self, dataset, name, progress=None):
        """The arrays and texts of a :class:`bidaf.data.Split`.

        Args:
          dataset: the :class:`bidaf.squad.Dataset`.
          name: what the sentences about questions that are left out begin with.
          progress: a :class:`sparse_rnn.training.progress.Progress` that counts paragraphs, if it is to be shown.
        """
        split = _Split(name, self._row, self.left_out)
        for paragraph in dataset.paragraphs:
            split.add(paragraph, self._tokenize)
            if progress:
                progress.step()
        if progress:
            progress.close()
        return split.arrays(), split.texts

    def _row(self, token):
        return self._rows.setdefault(token, len(self._rows))


class _Split:
    """A split that is being made."""

    def __init__(self, name, row_of, left_out):
        self._name, self._row_of, self._left_out = name, row_of, left_out
        self._lists = {key: [] for key in ("context_tokens", "starts", "stops", "sentences", "question_tokens")}
        self._lists.update(paragraphs=[], spans=[], context_begins=[0], question_begins=[0], span_begins=[0])
        self.texts = {"contexts": [], "questions": [], "left_out": {}}

    def add(self, paragraph, tokenize):
        context, lists = tokenize(paragraph.context), self._lists
        number = len(self.texts["contexts"])
        used = [self._add_question(question, paragraph, context, tokenize, number) for question in paragraph.questions]
        if not any(used):
            return
        lists["context_tokens"].extend(map(self._row_of, context.words))
        lists["starts"].extend(context.starts)
        lists["stops"].extend(context.stops)
        lists["sentences"].extend(context.sentences)
        lists["context_begins"].append(len(lists["context_tokens"]))
        self.texts["contexts"].append(paragraph.context)

    def _add_question(self, question, paragraph, context, tokenize, number):
        gold = [text for text, _ in question.answers]
        words = tokenize(question.text).words
        if not words or not len(context):
            self._say(question, "the {} has no words".format("context" if words else "question"))
            self.texts["left_out"][question.id] = gold
            return False
        lists = self._lists
        for text, start in question.answers:
            span = self._aligned(question, paragraph.context, context, text, start)
            if span is not None:
                lists["spans"].append(span)
        lists["span_begins"].append(len(lists["spans"]))
        lists["question_tokens"].extend(map(self._row_of, words))
        lists["question_begins"].append(len(lists["question_tokens"]))
        lists["paragraphs"].append(number)
        self.texts["questions"].append({"id": question.id, "question": question.text, "answers": gold})
        return True

    def _aligned(self, question, text, context, answer, start):
        """First and last token of an answer, or None, which is said."""
        there = text[start : start + len(answer)] if start >= 0 else ""
        span = context.span(start, start + len(answer)) if there == answer else None
        if there != answer:
            self._say(question, "the context has {!r} at {}, not the answer {!r}".format(there, start, answer))
        elif span is None:
            self._say(question, "the answer {!r} has no words".format(answer))
        return span

    def _say(self, question, what):
        line = "{} {}: {}".format(self._name, question.id, what)
        self._left_out.append(
            line.encode("utf-8", "backslashreplace").decode("utf-8")
        )  # JSON can hold half a character

    def arrays(self):
        arrays = {key: np.array(values, np.int32) for key, values in self._lists.items()}
        arrays["spans"] = arrays["spans"].reshape(-1, 2)
        return arrays
