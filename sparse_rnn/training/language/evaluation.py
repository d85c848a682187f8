"""Perplexity of a text under given weights; evaluation never changes a weight.

Two styles: ``batched`` runs through the text as training does, batch and steps included, and drops what fills no
step; ``full`` reads it as one stream and predicts every word but the first, from all words before it. That
perplexity comes from a :class:`~sparse_rnn.training.language.stream.Stream`; the losses of each word, which Monte-Carlo
dropout asks for, from one sequence.
"""

from sparse_rnn.compat import float32_products, in_calling_thread, tf
from sparse_rnn.training import text
from sparse_rnn.training.language import perplexity
from sparse_rnn.training.language.likelihood import negative_log_likelihoods
from sparse_rnn.training.language.stream import Stream
from sparse_rnn.training.loaded import LoadedModel

STYLES = ("batched", "full")
#: Words of the ``full`` style that :func:`batches_of` puts into one batch; any number gives the same losses.
SEGMENT = 500


class Evaluation:
    """The model's graph without dropout, in the default graph.

    Args:
      trainer: the Trainer.
      options: the model section of the config.
      model_weights: what ``trainer.weights`` made.
      batch_size: sequences side by side.
      num_steps: words per run and sequence, None for any number.
      scope: begins the names of the variables that carry the state; they are local to the session.
      masks: maps the placeholder of the words to dropout's masks, for evaluation under noise.

    Attributes:
      words, targets: placeholders ``[batch_size, num_steps]``.
      logits: ``[num_steps * batch_size, V]``, from a state that is carried on by ``advance``.
      advance: operation that carries the state on.
    """

    def __init__(self, trainer, options, model_weights, batch_size, num_steps, scope, masks=lambda words: None):
        self.words = tf.placeholder(tf.int32, [batch_size, num_steps])
        self.targets = tf.placeholder(tf.int32, [batch_size, num_steps])
        carried = trainer.carried_state(options, batch_size, scope, tf.GraphKeys.LOCAL_VARIABLES)
        masked = masks(self.words)
        self.logits, last = trainer.logits(self.words, values_of(carried), model_weights, options, masked)
        self._losses = negative_log_likelihoods(self.logits, self.targets)
        self._loss = tf.reduce_sum(self._losses)
        variables = tf.nest.flatten(carried)
        with tf.control_dependencies([self._loss]):
            moves = [tf.assign(variable, value).op for variable, value in zip(variables, tf.nest.flatten(last))]
            self.advance = tf.group(*moves)
        self._begin = tf.group(*[variable.initializer for variable in variables])
        self._run_options = in_calling_thread() if batch_size == 1 else None

    def perplexity(self, session, batches):
        """``exp`` of the mean negative log likelihood per word over ``batches`` of (words, targets)."""
        total, count = 0.0, 0
        for loss, targets in self._run(session, self._loss, batches):
            total += float(loss)
            count += targets.size
        return perplexity.of(total / count)

    def scores(self, session, batches):
        """Yield the logits of each of ``batches``, state carried on from one to the next."""
        return (values for values, _ in self._run(session, self.logits, batches))

    def losses(self, session, batches):
        """Yield -ln p(next word) of each position of each of ``batches``, state carried on from one to the next."""
        return (values for values, _ in self._run(session, self._losses, batches))

    def _run(self, session, what, batches):
        session.run(self._begin)
        for words, targets in batches:
            values, _ = session.run([what, self.advance], self.feed(words, targets), options=self._run_options)
            yield values, targets

    def feed(self, words, targets):
        """The feed dictionary of one batch."""
        return {self.words: words, self.targets: targets}


def batches_of(ids, style, train, what):
    """The batches of a text in one of :data:`STYLES`; ``train`` is the config's section with batch and steps."""
    if style == "full":
        return text.full_stream(ids, SEGMENT)
    return text.batch_view(ids, train.batch_size, train.num_steps, what)


def build(trainer, experiment, model_weights, style, scope):
    """The Evaluation for one style."""
    return Evaluation(trainer, experiment.model, model_weights, *shape_of(style, experiment.train), scope)


def shape_of(style, train):
    """Batch size and steps of one style; None for any number of steps."""
    return (1, None) if style == "full" else (train.batch_size, train.num_steps)


class LoadedLanguageModel(LoadedModel):
    """A language model with its weights, to be evaluated in any style.

    Args:
      trainer: the Trainer.
      experiment: the config; its train section is for the ``batched`` style.
      arrays, device: as for :class:`~sparse_rnn.training.loaded.LoadedModel`.

    Attributes:
      vocabulary_size: number of words or characters.
    """

    def __init__(self, trainer, experiment, arrays, device=None):
        self.trainer, self.experiment = trainer, experiment
        self.vocabulary_size = trainer.vocabulary_size(arrays)
        super().__init__(lambda: trainer.weights(experiment.model, self.vocabulary_size, 0), arrays, device)

    def evaluation(self, style):
        """The Evaluation in one style, built on first use."""
        return self.built(
            style, lambda weights: build(self.trainer, self.experiment, weights, style, style.capitalize())
        )

    def stream(self):
        """The Stream, built on first use."""
        return self.built("stream", lambda weights: Stream(self.trainer, self.experiment.model, weights))

    def perplexity(self, ids, style, what):
        """Perplexity of the text ``ids``, in float32 on a GPU as well; ``what`` names it in errors ("test")."""
        with float32_products():
            if style == "full":
                return self.stream().perplexity(self.session, ids)
            return self.evaluation(style).perplexity(self.session, batches_of(ids, style, self.experiment.train, what))


def values_of(carried):
    """The values of a nest of variables, read where this is called."""
    return tf.nest.map_structure(lambda variable: variable.read_value(), carried)
