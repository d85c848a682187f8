"""The perplexity of a long text as one stream, read in strips side by side.

One sequence reads all recurrent weights anew for every word, so strips of the text are read together. A recurrent state
forgets, so a strip begins from the state that the words before it leave, read from zeros on: as many as the model takes
to forget. Begun again with the state that the strip before it ended with, a strip soon has the same states as before.
So each that began with another state is begun again in that way, all of them side by side, until its states agree, and
its losses up to there are replaced; then the same from left to right, for what has changed since. The number is that
of one word after the other, as far as states that agree to :data:`TOLERANCE` stay together. A model that forgets
nothing is read three times, at last one strip after the other, and gains nothing; a text shorter than two strips is
one. What a word gives to the first layer's gates is computed once, not at every occurrence.
"""

import numpy as np

from sparse_rnn.compat import in_calling_thread, static_shape, tf
from sparse_rnn.training import text
from sparse_rnn.training.language import perplexity
from sparse_rnn.training.language.likelihood import negative_log_likelihoods

#: Fewest words of a strip, besides two leads: a lead is the words before a strip that its first state is made from.
STRIP = 1000
#: Words of a lead, where the model does not forget within :data:`FEW`.
LEAD = 1000
#: Most words within which a model forgets fast. Where it does, a lead is as many words as that takes.
FEW = 64
#: The words that it takes are counted in steps of so many.
FEW_STEP = 8
#: Most strips side by side.
MOST_STRIPS = 64
#: Largest difference of two states that agree, of their largest number: batches of another size round otherwise.
TOLERANCE = 1e-5
#: Most words of all strips in one run of the graph.
MOST_WORDS = 2000
#: Most scores that one run computes; memory holds two or three times as many, 80 megabytes each.
MOST_SCORES = 20000000
#: Most words of one strip in one run, after which its state is kept for a second reading to be held against.
LONGEST_RUN = 100
#: Most numbers of all states that are kept; what is read again beyond them is read to the strip's end.
MOST_KEPT = 20000000
#: Most numbers that a text's words give to the first layer's gates; where there are more, each run computes its own.
MOST_PROJECTED = 100000000


class Stream:
    """The model's graph without dropout, in the default graph, for any number of strips.

    The state is fed and fetched, for the number of strips varies, and a run reads many words.

    Args:
      trainer: the Trainer.
      options: the model section of the config.
      model_weights: what ``trainer.weights`` made.

    Attributes:
      mended: how many words of the last text were read again, once for each time; with those that fill its last strip.
    """

    def __init__(self, trainer, options, model_weights):
        self.mended = 0
        self._words = tf.placeholder(tf.int32, [None, None])
        self._targets = tf.placeholder(tf.int32, [None, None])
        form = trainer.state_sizes(options)
        sizes = tf.nest.flatten(form)
        self._state_size = sum(sizes)
        # A row per strip, which holds its whole state.
        self._before = tf.placeholder(tf.float32, [None, self._state_size])
        state = tf.nest.pack_sequence_as(form, tf.split(self._before, sizes, axis=1))
        self._distinct = tf.placeholder(tf.int32, [None])
        projected = trainer.project_words(self._distinct, model_weights, options)
        self._gates = static_shape(projected)[1]
        self._projected = tf.Variable(
            tf.zeros([0, self._gates]),
            trainable=False,
            collections=[tf.GraphKeys.LOCAL_VARIABLES],
            use_resource=True,
            shape=tf.TensorShape([None, self._gates]),
        )
        self._project = tf.assign(self._projected, projected).op
        logits, last = trainer.logits_of_projected(
            self._projected.read_value(), self._words, state, model_weights, options
        )
        self._most_words = max(1, min(MOST_WORDS, MOST_SCORES // static_shape(logits)[1]))
        losses = negative_log_likelihoods(logits, self._targets)
        self._losses = tf.transpose(tf.reshape(losses, [-1, tf.shape(self._words)[0]]))
        self._after = tf.concat(tf.nest.flatten(last), axis=1)

    def perplexity(self, session, ids):
        """``exp`` of the mean negative log likelihood of every word of ``ids [words]`` but the first.

        Raises:
          UserError: there is no such word.
        """
        words, targets = text.predicted(ids)
        distinct, places = _places(words)
        self._at_once = distinct.size * self._gates <= MOST_PROJECTED
        try:
            if self._at_once:
                words = places
                session.run(self._project, {self._distinct: distinct})
            loss, self.mended = self._loss(session, words, targets)
        finally:
            session.run(self._projected.initializer)  # whose memory other tensors can have again
        return perplexity.of(loss / len(words))

    def _loss(self, session, words, targets):
        """The loss of all words, and how many were read again."""
        most = min(MOST_STRIPS, self._most_words)
        lead = self._memory(session, words) if min(most, len(words) // STRIP) > 1 else 0
        count = max(1, min(most, len(words) // (STRIP + 2 * lead)))
        beyond = -len(words) % count  # words that make the strips equally long, and are not counted
        padded = (np.pad(each, (0, beyond), "edge").reshape(count, -1) for each in (words, targets))
        strips = _Strips(*padded, self._state_size, self._most_words)
        begun = np.zeros([count, self._state_size], np.float32)
        if lead and count > 1:
            begun[1:] = self._states(session, strips.words[:-1, -lead:], begun[1:])
        self._read(session, strips, range(count), begun)
        losses = strips.losses.ravel()[: len(words)]
        mended = self._mend(session, strips) if np.isfinite(losses).all() else 0
        return losses.sum(), mended

    def _mend(self, session, strips):
        """Begin strips again until each began as the one before it ended; returns how many words were read."""
        later = range(1, len(strips.words))
        turns = [later] + [[strip] for strip in later]
        return sum(self._read(session, strips, *strips.misbegun(which)) for which in turns)

    def _memory(self, session, words):
        """How many words leave the same state, whatever it was before them; :data:`LEAD`, if a few do not."""
        states = np.stack([np.zeros(self._state_size, np.float32), np.full(self._state_size, 0.5, np.float32)])
        for part in _parts(FEW, FEW_STEP):
            states = self._states(session, np.stack([words[part]] * 2), states)
            if _agree(states[:1], states[1:]).all():
                return part.stop
        return LEAD

    def _states(self, session, words, states):
        """The states ``[strips, sizes]`` after ``words [strips, words]``."""
        for part in _parts(words.shape[1], self._most_words // len(words)):
            states = self._run(session, self._after, states, {self._words: words[:, part]})
        return states

    def _read(self, session, strips, which, states):
        """Read the strips ``which`` from ``states [len(which), sizes]`` on, each until its states are as they were.

        Returns:
          How many words were read.
        """
        which, count = np.asarray(which, int), 0
        strips.begun[which] = states
        for number, part in enumerate(strips.parts):
            if not which.size:
                break
            feed = {self._words: strips.words[which, part], self._targets: strips.targets[which, part]}
            count += feed[self._words].size
            losses, states = self._run(session, [self._losses, self._after], states, feed)
            differ = strips.record(number, which, losses, states)
            which, states = which[differ], states[differ]
        strips.ended[which] = states
        return count

    def _run(self, session, what, states, feed):
        feed = {self._before: states, **feed}
        if not self._at_once:
            distinct, feed[self._words] = _places(feed[self._words])
            session.run(self._project, {self._distinct: distinct})
        return session.run(what, feed, options=in_calling_thread())


def _places(words):
    """The distinct ones of ``words``, and the place of each of the words among them."""
    distinct, places = np.unique(words, return_inverse=True)
    return distinct, places.reshape(words.shape)


def _parts(length, most):
    """The slices of ``length`` words of strips that are read in one run of the graph each."""
    step = max(1, min(LONGEST_RUN, most))
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


class _Strips:
    """Strips of a text, ``words, targets [strips, words]``, and what they were when they were last read.

    Attributes:
      parts: the slices of a strip that are read in one run each, of ``most_words`` of all strips at most.
      losses: ``[strips, words]``.
      kept: states ``[parts, strips, sizes]`` after the first parts.
      begun, ended: states ``[strips, sizes]`` before and after each strip.
    """

    def __init__(self, words, targets, state_size, most_words):
        count, length = words.shape
        self.words, self.targets, self.parts = words, targets, _parts(length, most_words // count)
        self.losses = np.zeros([count, length])
        self.begun, self.ended = (np.zeros([count, state_size], np.float32) for _ in range(2))
        kept = min(len(self.parts), MOST_KEPT // self.begun.size) if count > 1 else 0
        self.kept = np.full([kept, count, state_size], np.nan, np.float32)  # which agrees with nothing

    def record(self, number, which, losses, states):
        """Take what reading a part of the strips ``which`` gave; returns which have other states than before."""
        self.losses[which, self.parts[number]] = losses
        if number >= len(self.kept):
            return np.ones(len(which), bool)
        differ = ~_agree(states, self.kept[number, which])
        self.kept[number, which] = states
        return differ

    def misbegun(self, which):
        """Those of ``which`` that began with another state than the strip before ends with, and these states."""
        which = np.asarray(which, int)
        right = self.ended[which - 1]
        differ = ~_agree(self.begun[which], right)
        return which[differ], right[differ]


def _agree(states, others):
    """Whether each of ``states [strips, sizes]`` is that of ``others``, to rounding of its largest number."""
    with np.errstate(invalid="ignore"):
        return np.abs(states - others).max(axis=1) <= TOLERANCE * np.abs(others).max(axis=1)
