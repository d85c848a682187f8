"""The perplexity of a text as one stream, read in strips side by side.

One sequence reads all recurrent weights anew for every word, so strips of the text are read together. A recurrent state
forgets, so the strips but the first begin from the state that the words before them leave, read from zero on. Then the
seams are held against each other, from left to right: where a strip began from another state than the strip before it
ended with, its words are read from both, and their losses corrected, until the two states agree. So the number is that
of one word after the other, whatever the model remembers; one that forgets nothing only gains nothing.
"""

import math

import numpy as np

from sparse_rnn.compat import static_shape, tf
from sparse_rnn.training import text
from sparse_rnn.training.language.likelihood import negative_log_likelihoods

#: Words of the shortest strip, and most strips side by side.
STRIP, MOST_STRIPS = 3000, 64
#: Words before a strip that its first state is made from.
LEAD = 1000
#: States agree where they differ by no more than this, absolutely or relatively: other batches round otherwise.
TOLERANCE = 1e-5
#: Scores that a run of the graph computes, 80 megabytes of them, and most words of a strip that it reads.
SCORES_PER_RUN, LONGEST_RUN = 20000000, 100


class Stream:
    """The model's graph without dropout, in the default graph, for any number of strips.

    Args:
      trainer: the Trainer.
      options: the model section of the config.
      model_weights: what ``trainer.weights`` made.
    """

    def __init__(self, trainer, options, model_weights):
        self._words = tf.placeholder(tf.int32, [None, None])
        self._targets = tf.placeholder(tf.int32, [None, None])
        form = trainer.state_sizes(options)
        sizes = tf.nest.flatten(form)
        self._state_size = sum(sizes)
        # A row per strip, which holds its whole state.
        self._before = tf.placeholder(tf.float32, [None, self._state_size])
        state = tf.nest.pack_sequence_as(form, tf.split(self._before, sizes, axis=1))
        logits, last = trainer.logits(self._words, state, model_weights, options, None)
        self._words_per_run = SCORES_PER_RUN // static_shape(logits)[1]
        losses = negative_log_likelihoods(logits, self._targets)
        self._losses = tf.reduce_sum(tf.reshape(losses, [-1, tf.shape(self._words)[0]]), axis=0)
        self._after = tf.concat(tf.nest.flatten(last), axis=1)
        # A few sequences are a chain of small operations, and handing each to another thread takes longer than it does.
        self._run_options = tf.RunOptions(inter_op_thread_pool=-1)

    def perplexity(self, session, ids):
        """``exp`` of the mean negative log likelihood of every word of ``ids [words]`` but the first.

        Raises:
          UserError: there is no such word.
        """
        ((words, targets),) = text.full_stream(ids, max(1, len(ids)))
        size = words.size
        strips = max(1, min(MOST_STRIPS, size // STRIP))
        end = size - size % strips
        rows, row_targets = (each[0, :end].reshape(strips, -1) for each in (words, targets))
        begun = np.zeros([strips, self._state_size], np.float32)
        if strips > 1:
            begun[1:] = self._states(session, rows[:-1, -LEAD:])
        losses, ended = self._read(session, rows, row_targets, begun)
        total, last = losses.sum(), ended[0]
        for strip in range(1, strips):
            seam = np.stack([begun[strip], last])
            correction, last = self._mend(session, rows[strip], row_targets[strip], seam, ended[strip])
            total += correction
        rest, _ = self._read(session, words[:, end:], targets[:, end:], last[np.newaxis])
        return math.exp(min((total + rest.sum()) / size, 700.0))

    def _states(self, session, words):
        """The states ``[strips, sizes]`` after ``words [strips, words]``, read from zero on."""
        state = np.zeros([len(words), self._state_size], np.float32)
        for part in self._parts(words):
            state = self._run(session, self._after, state, {self._words: words[:, part]})
        return state

    def _read(self, session, words, targets, state):
        """The losses ``[strips]`` of ``words [strips, words]``, and the states that they end with."""
        losses = np.zeros(len(words))
        for part in self._parts(words):
            found, state = self._run_part(session, words, targets, part, state)
            losses += found
        return losses, state

    def _mend(self, session, words, targets, seam, ended):
        """What a strip's loss grows by when read from ``seam[1]``, not ``seam[0]``, and the state it ends with."""
        words, targets = (np.stack([each, each]) for each in (words, targets))
        correction = 0.0
        for part in self._parts(words):
            if np.allclose(*seam, rtol=TOLERANCE, atol=TOLERANCE):
                return correction, ended
            (wrong, right), seam = self._run_part(session, words, targets, part, seam)
            correction += float(right) - float(wrong)
        return correction, seam[1]

    def _run_part(self, session, words, targets, part, state):
        feed = {self._words: words[:, part], self._targets: targets[:, part]}
        return self._run(session, [self._losses, self._after], state, feed)

    def _run(self, session, what, state, feed):
        return session.run(what, {self._before: state, **feed}, options=self._run_options)

    def _parts(self, rows):
        """The slices of ``rows [strips, words]`` that are read in one run of the graph each."""
        strips, length = rows.shape
        step = max(1, min(LONGEST_RUN, self._words_per_run // strips))
        return [slice(start, start + step) for start in range(0, length, step)]
