"""Answers of one trained model, or of several together, and how good they are; evaluation never changes a weight."""

import itertools
from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from bidaf import layers, metrics, model, reading, spans, variables
from sparse_rnn.compat import session_config, tf, variables_by_name
from sparse_rnn.training import averages, loaded

#: Batches of the dev data on which a cut in the middle of training is proven.
COMPARED_BATCHES = 10


@dataclass(frozen=True)
class Answer:
    """What is said to one question.

    Attributes:
      row: of the split.
      text: the answer; empty where "there is none" is more probable than the best span.
      score: probability of the span's first word times that of its last, the mean over the models.
      span: first and last word, inclusive.
      start, stop: probability of each word of the context to begin and to end the answer, means over the models.
      no_answer: probability that there is none; None where the models know no such thing.
      loss: of the gold answer, the mean over the models.
    """

    row: int
    text: str
    score: float
    span: Tuple[int, int]
    start: np.ndarray
    stop: np.ndarray
    no_answer: Optional[float]
    loss: float


class Reader:
    """A model in a graph and a session of its own.

    Args:
      options: the model section of the config.
      counts: a :class:`bidaf.variables.Counts`.
      device: TensorFlow device such as ``/cpu:0``; None for a GPU if there is one.

    Attributes:
      options: the model section.
      session: in which the weights are.
    """

    def __init__(self, options, counts, device=None):
        self.options = options
        self._graph = tf.Graph()
        with self._graph.as_default(), tf.device(device):
            self._inputs = model.placeholders()
            self._weights = model.weights(options, counts)
            self._outputs = model.network(options, self._weights, self._inputs)
            self._losses = model.losses(options, self._outputs, self._inputs)
            self.session = tf.Session(config=session_config())

    def load(self, arrays):
        """Take the weights from ``{variable name: array}``; returns the Reader."""
        loaded.assign(self.session, self._weights, {name: arrays[name] for name in self._weights})
        return self

    def scores(self, batch):
        """``(start, stop, losses)`` of one Batch, see :func:`bidaf.model.network` and :func:`bidaf.model.losses`."""
        return self.session.run(
            [self._outputs.start, self._outputs.stop, self._losses], model.feed(self._inputs, batch)
        )

    def run(self, batch):
        """Compute the scores of one Batch and leave them where they are, for timing."""
        self.session.run([self._outputs.start.op, self._outputs.stop.op], model.feed(self._inputs, batch))

    def attention(self, batch):
        """How each context word attends to the question, ``[N, T, J]``; None where the model does not."""
        if self._outputs.attention is None:
            return None
        return self.session.run(self._outputs.attention, model.feed(self._inputs, batch))

    def close(self):
        """Give the session's memory back."""
        self.session.close()


def answers(readers, split, batches):
    """Yield the Answers to the questions of each batch, as a list.

    Args:
      readers: Readers that answer together; all with or all without ``no_answer``.
      split: the Split that the answers are texts of.
      batches: for each reader the Batches, the same questions in its own word ids.
    """
    for each_batch in zip(*batches):
        read = [reader.scores(batch) for reader, batch in zip(readers, each_batch)]
        yield from_scores(split, each_batch[0], read, readers[0].options.no_answer)


def from_scores(split, batch, read, no_answer):
    """The Answers to the questions of one batch, as a list.

    Args:
      split: the Split that the answers are texts of.
      batch: the Batch.
      read: for each model what :meth:`Reader.scores` says of it.
      no_answer: whether the models know that there may be none.
    """
    starts, stops = (spans.probabilities(np.stack(each).astype(np.float64)) for each in list(zip(*read))[:2])
    losses = np.mean([each[2] for each in read], axis=0)
    return [
        _answer(split, int(row), batch, place, (starts[:, place], stops[:, place]), float(losses[place]), no_answer)
        for place, row in enumerate(batch.indices)
    ]


def _answer(split, row, batch, place, ends, loss, no_answer):
    none = None
    if no_answer:
        none = float(np.mean(ends[0][:, 0] * ends[1][:, 0]))
        ends = [each[:, 1:] for each in ends]
    length = batch.context_length[place]
    starts, stops = (each[:, :length] for each in ends)
    first, last, score = spans.best(starts, stops, batch.sentence[place, :length])
    text = "" if none is not None and none > score else split.answer_text(row, first, last)
    return Answer(row, text, score, (first, last), starts.mean(axis=0), stops.mean(axis=0), none, loss)


class Judge:
    """Judges a model while it is trained, by the first questions of the dev data.

    Args:
      experiment: the config, with the model's sizes.
      counts: a :class:`bidaf.variables.Counts`.
      split: the dev data.
      device: as for :class:`Reader`.
    """

    def __init__(self, experiment, counts, split, device=None):
        self._names = list(variables.shapes(experiment.model, counts))
        self._split, self._device = split, device
        self._batches = reading.evaluation_batches(experiment, split, experiment.train.dev_questions)
        asked = [split.ids[row] for row in self._batches.rows]
        metrics.check(_gold(split, asked), "the dev data")  # before the training, not after its first epoch
        self._reader = Reader(experiment.model, counts, device)

    def columns(self, session):
        """EM, F1 and loss of the weights in a training session, of their moving averages where it keeps any."""
        reader = self._reader.load(averages.of(arrays_in(session, self._names)))
        found = sum(answers([reader], self._split, [self._batches]), [])
        score = score_of(self._split, found)
        loss = float(np.mean([each.loss for each in found]))
        return {"dev_em": score.exact_match, "dev_f1": score.f1, "dev_loss": loss}

    def scores(self, session):
        """Yield the scores of the weights themselves on some batches, real words only: what a cut is proven on."""
        reader = self._reader.load(arrays_in(session, self._names))
        return real_scores(map(reader.scores, itertools.islice(self._batches, COMPARED_BATCHES)))

    def close(self):
        """Give the memory back in which it reads."""
        self._reader.close()


def real_scores(read):
    """Yield the scores of each batch to begin and to end an answer, those of padding left out.

    Args:
      read: for each batch what :meth:`Reader.scores` says of it.
    """
    for start, stop, _ in read:
        for scores in (start, stop):
            yield scores[~(scores <= layers.VERY_NEGATIVE / 2)]  # what is no number stays, and is no proof


def arrays_in(session, names):
    """``{variable name: array}`` of a session's variables of these names, and of their moving averages."""
    by_name = variables_by_name(session.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES))
    wanted = list(names) + [name + averages.SUFFIX for name in names]
    return session.run({name: by_name[name] for name in wanted if name in by_name})


def score_of(split, found):
    """The official :class:`bidaf.metrics.Score`: of all questions of the split, or of a part where a part was asked.

    Questions that have no row, because they or their context are without words, count as unanswered.
    """
    texts = {split.ids[each.row]: each.text for each in found}
    return metrics.score(_gold(split, texts), texts)


def _gold(split, asked):
    gold = split.gold()
    return gold if len(asked) == len(split) else {name: gold[name] for name in asked}
