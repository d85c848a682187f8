"""The perplexity of a long text as one stream, read in strips side by side.

One sequence reads all recurrent weights anew for every word, so strips of the text are read together. A recurrent state
forgets, so a strip begins from the state that the words before it leave, read from zero on. Then the seams are held
against each other, from left to right: where a strip began from another state than the strip before it ended with, it
is read from both until the two agree, and its loss is corrected. So the number is that of one word after the other, as
far as states that agree to :data:`TOLERANCE` stay together. A model that forgets nothing is read about twice; a
text shorter than two strips is one.
"""

import numpy as np

from sparse_rnn.compat import in_calling_thread, static_shape, tf
from sparse_rnn.training import text
from sparse_rnn.training.language import perplexity
from sparse_rnn.training.language.likelihood import negative_log_likelihoods

#: Words of the shortest strip.
STRIP = 3000
#: Most strips side by side.
MOST_STRIPS = 64
#: Words before a strip that its first state is made from.
LEAD = 1000
#: Largest difference of two states that agree, of their largest number: batches of another size round otherwise.
TOLERANCE = 1e-5
#: Most words of all strips in one run of the graph.
MOST_WORDS = 2000
#: Most scores that one run computes; memory holds two or three times as many, 80 megabytes each.
MOST_SCORES = 20000000
#: Most words of one strip in one run, after which the states at a seam are compared again.
LONGEST_RUN = 100


class Stream:
    """The model's graph without dropout, in the default graph, for any number of strips.

    The state is fed and fetched, for the number of strips varies, and a run reads many words.

    Args:
      trainer: the Trainer.
      options: the model section of the config.
      model_weights: what ``trainer.weights`` made.

    Attributes:
      mended: words of the last text that were read again at its seams.
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
        logits, last = trainer.logits(self._words, state, model_weights, options, None)
        self._most_words = max(1, min(MOST_WORDS, MOST_SCORES // static_shape(logits)[1]))
        losses = negative_log_likelihoods(logits, self._targets)
        self._losses = tf.reduce_sum(tf.reshape(losses, [-1, tf.shape(self._words)[0]]), axis=0)
        self._after = tf.concat(tf.nest.flatten(last), axis=1)

    def perplexity(self, session, ids):
        """``exp`` of the mean negative log likelihood of every word of ``ids [words]`` but the first.

        Raises:
          UserError: there is no such word.
        """
        words, targets = text.predicted(ids)
        strips = max(1, min(MOST_STRIPS, self._most_words, len(words) // STRIP))
        end = len(words) - len(words) % strips
        rows, row_targets = (each[:end].reshape(strips, -1) for each in (words, targets))
        begun = np.zeros([strips, self._state_size], np.float32)
        if strips > 1:
            begun[1:] = self._states(session, rows[:-1, -LEAD:])
        total, ended = self._read(session, rows, row_targets, begun)
        last, self.mended = ended[0], 0
        for strip in range(1, strips):
            if not np.isfinite(total):
                break
            strip_words, strip_targets = rows[strip], row_targets[strip]
            correction, last = self._mend(session, strip_words, strip_targets, begun[strip], last, ended[strip])
            total += correction
        rest, _ = self._read(session, words[np.newaxis, end:], targets[np.newaxis, end:], last[np.newaxis])
        return perplexity.of((total + rest) / len(words))

    def _states(self, session, words):
        """The states ``[strips, sizes]`` after ``words [strips, words]``, read from zero on."""
        state = np.zeros([len(words), self._state_size], np.float32)
        for part in self._parts(words):
            state = self._run(session, self._after, state, {self._words: words[:, part]})
        return state

    def _read(self, session, words, targets, state):
        """The loss of ``words [strips, words]``, all together, and the states that the strips end with."""
        loss = 0.0
        for part in self._parts(words):
            found, state = self._run_part(session, words, targets, part, state)
            loss += float(found.sum())
        return loss, state

    def _mend(self, session, words, targets, begun, right, ended):
        """What a strip's loss grows by when it begins with the state ``right`` in place of ``begun``.

        Returns:
          ``(loss, the state that it ends with)``; that is ``ended``, as before, where the two came to agree.
        """
        words, targets, states = (np.stack(pair) for pair in ((words, words), (targets, targets), (begun, right)))
        correction = 0.0
        for part in self._parts(words):
            if np.abs(states[1] - states[0]).max() <= TOLERANCE * np.abs(states).max():
                return correction, ended
            (before, after), states = self._run_part(session, words, targets, part, states)
            correction += float(after) - float(before)
            self.mended += words[0, part].size
        return correction, states[1]

    def _run_part(self, session, words, targets, part, state):
        feed = {self._words: words[:, part], self._targets: targets[:, part]}
        return self._run(session, [self._losses, self._after], state, feed)

    def _run(self, session, what, state, feed):
        return session.run(what, {self._before: state, **feed}, options=in_calling_thread())

    def _parts(self, rows):
        """The slices of ``rows [strips, words]`` that are read in one run of the graph each."""
        strips, length = rows.shape
        step = max(1, min(LONGEST_RUN, self._most_words // strips))
        return [slice(start, start + step) for start in range(0, length, step)]
