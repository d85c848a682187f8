"""Batches of questions, padded no further than each needs; a function of the step, so that training can go on."""

from collections import namedtuple

import numpy as np

from sparse_rnn.errors import UserError

#: Feeds of one step for N questions; JX, JQ are the longest context and question among them, W the characters per word.
#:
#: context [N, JX], context_chars [N, JX, W], context_length [N], sentence [N, JX] (-1 in the padding);
#: question [N, JQ], question_chars [N, JQ, W], question_length [N];
#: start, stop [N]: first and last token of a gold answer (0 where there is none); answerable [N]: 1 where there is one;
#: indices [N]: the rows of the split. All int32.
Batch = namedtuple(
    "Batch",
    "context context_chars context_length sentence question question_chars question_length start stop answerable "
    "indices",
)

#: What a batch holds at most: tokens of a question and of a context, characters of a word. Training leaves out what is
#: longer; evaluation cuts it. ``sentences``: whether an answer may not go over the end of a sentence.
Limits = namedtuple("Limits", "question context word sentences")
Limits.__new__.__defaults__ = (30, 400, 16, False)


class Batches:
    """The batches of a split.

    Args:
      split: the Split.
      batch_size: questions per batch; the last one of an epoch has what is left.
      limits: the Limits.
      seed: decides order and choice among gold answers.
      training: whether questions that are too long, and those without an aligned answer, are left out, and every
        epoch has another order and chooses among gold answers anew. Otherwise every row comes once, by length, with its
        first gold answer.
      bucket: in training, so many batches are sorted by length together; 0 mixes all lengths.
      unanswerable: in training, whether questions without gold answers are used.
      first: outside training, only so many rows, the first of the split; 0 takes all.

    Raises:
      UserError: no question is left to train on.

    Attributes:
      rows: the rows that are used, in the order of the split.
    """

    def __init__(self, split, batch_size, limits=None, seed=0, training=False, bucket=20, unanswerable=False, first=0):
        self._split, self._batch_size, self._limits = split, batch_size, limits or Limits()
        self._seed, self._training, self._bucket = seed, training, bucket
        self.rows = self._usable(unanswerable) if training else np.arange(len(split))[: first or None]
        if not len(self.rows):
            raise UserError(
                "none of the {:,} questions of the {} data is usable within questions of {} and contexts of {} "
                "tokens; raise these limits, or see {}.".format(
                    len(split), split.name, self._limits.question, self._limits.context, "left_out.txt"
                )
            )
        self._words = split.table.words
        self._characters = split.table.characters(self._limits.word)
        self._order = (None, None)

    def __len__(self):
        """Batches per epoch."""
        return -(-len(self.rows) // self._batch_size)

    def __iter__(self):
        """The batches of the first epoch, made one at a time; outside training every epoch is like it."""
        return map(self.at, range(len(self)))

    def at(self, step):
        """The :class:`Batch` of a step, counted from 0 over all epochs."""
        epoch, place = divmod(step, len(self))
        rows = self._batches_of(epoch)[place]
        contexts = [self._context(row) for row in rows]
        places = self._padded(contexts, -1)
        questions = self._padded([self._question(row) for row in rows], -1)
        spans, answerable = self._spans(rows, step)
        split = self._split
        return Batch(
            context=self._ids(split.context_tokens, places),
            context_chars=self._character_ids(split.context_tokens, places),
            context_length=np.array([len(context) for context in contexts], np.int32),
            sentence=self._sentences(places),
            question=self._ids(split.question_tokens, questions),
            question_chars=self._character_ids(split.question_tokens, questions),
            question_length=np.sum(questions >= 0, axis=1, dtype=np.int32),
            start=spans[:, 0],
            stop=spans[:, 1],
            answerable=answerable,
            indices=rows.astype(np.int32),
        )

    def _usable(self, unanswerable):
        split, limits = self._split, self._limits
        fits = (split.question_lengths <= limits.question) & (np.diff(split.span_begins) > 0)
        inside = split.spans[:, 1] < limits.context
        if limits.sentences:
            begins = split.context_begins[split.paragraphs]
            offsets = np.repeat(begins, np.diff(split.span_begins))
            inside &= split.sentences[offsets + split.spans[:, 0]] == split.sentences[offsets + split.spans[:, 1]]
        outside = np.repeat(np.arange(len(split)), np.diff(split.span_begins))[~inside]
        fits[outside] = False
        if unanswerable:
            without = np.array([not gold for gold in split.answers])
            fits |= without & (split.question_lengths <= limits.question)
        return np.flatnonzero(fits)

    def _batches_of(self, epoch):
        """The rows of an epoch's batches."""
        epoch = epoch if self._training else 0
        if self._order[0] != epoch:
            self._order = epoch, self._arranged(epoch)
        return self._order[1]

    def _arranged(self, epoch):
        lengths = self._split.context_lengths * 1000 + self._split.question_lengths
        if not self._training:
            rows = self.rows[np.argsort(lengths[self.rows], kind="stable")]
            return self._cut(rows)
        random = np.random.RandomState([self._seed, epoch])
        rows = random.permutation(self.rows)
        if not self._bucket:
            return self._cut(rows)
        pool = self._bucket * self._batch_size
        pools = [rows[start : start + pool] for start in range(0, len(rows), pool)]
        batches = [batch for pool in pools for batch in self._cut(pool[np.argsort(lengths[pool], kind="stable")])]
        return [batches[place] for place in random.permutation(len(batches))]

    def _cut(self, rows):
        return [rows[start : start + self._batch_size] for start in range(0, len(rows), self._batch_size)]

    def _context(self, row):
        place = self._split.context_slice(row)
        return np.arange(place.start, min(place.stop, place.start + self._limits.context))

    def _question(self, row):
        begins = self._split.question_begins
        return np.arange(begins[row], min(begins[row + 1], begins[row] + self._limits.question))

    @staticmethod
    def _padded(rows, filler):
        padded = np.full((len(rows), max(map(len, rows))), filler, np.int64)
        for target, row in zip(padded, rows):
            target[: len(row)] = row
        return padded

    def _ids(self, tokens, places):
        return np.where(places >= 0, self._words[tokens[places]], 0).astype(np.int32)

    def _character_ids(self, tokens, places):
        return np.where(places[..., np.newaxis] >= 0, self._characters[tokens[places]], 0).astype(np.int32)

    def _sentences(self, places):
        numbers = self._split.sentences[places] if self._limits.sentences else np.zeros_like(places)
        return np.where(places >= 0, numbers, -1).astype(np.int32)

    def _spans(self, rows, step):
        """A gold span per row, ``[N, 2]``, and which rows have one, ``[N]``."""
        random = np.random.RandomState([self._seed, step])
        spans = np.zeros((len(rows), 2), np.int32)
        answerable = np.zeros(len(rows), np.int32)
        for number, row in enumerate(rows):
            gold = self._split.spans_of(row)
            choice = random.randint(len(gold)) if self._training and len(gold) else 0
            if len(gold) and gold[choice, 1] < self._limits.context:
                spans[number], answerable[number] = gold[choice], 1
        return spans, answerable
