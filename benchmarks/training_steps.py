"""One training step of the language model, as this project takes it and with what a user would pick instead.

The step is the same for all: embedding, LSTM layers, softmax over all words, dropout, gradient clipped to a global
norm, SGD, the state carried on; with ISS also the penalty, and zeroing after the update. Each rival is written as its
users write it. The TensorFlow ones use TensorFlow's differentiation, clipping and optimiser, and zero in a second run
as the original code does. PyTorch's second bias stays at zero, so that all train the same function.
"""

from torch_model import TorchModel, torch

from ptb import model
from ptb.trainer import TRAINER
from sparse_rnn.compat import session_config, static_shape, tf
from sparse_rnn.training import text
from sparse_rnn.training.language import train
from sparse_rnn.training.language.evaluation import values_of

EPSILON = 1e-8


class GraphStep:
    """A step in a graph and a session of its own; ``runs`` are (fetches, feeds), one session call each."""

    def __init__(self, build, experiment, corpus, arrays):
        with tf.Graph().as_default() as graph:
            self._runs = build(experiment, corpus)
            self._variables = {variable.op.name: variable for variable in tf.trainable_variables()}
            self._session = tf.Session(config=session_config())
            self._session.run(tf.global_variables_initializer())
            for name, variable in self._variables.items():
                variable.load(arrays[name], self._session)
        self.operations = len(graph.get_operations())

    def __call__(self):
        for index in range(len(self._runs)):
            self.run(index)

    def run(self, index):
        """One of the runs alone."""
        fetches, feeds = self._runs[index]
        self._session.run(fetches, feeds)

    def weights(self):
        """``{name: array}`` as they are now."""
        return self._session.run(self._variables)


def ours(experiment, corpus, arrays):
    """The step of ``ptb/train.py``, run as its loop does."""
    return GraphStep(lambda *given: run_of(TRAINER, *given), experiment, corpus, arrays)


def unrolled_cell(experiment, corpus, arrays):
    """TensorFlow's BasicLSTMCell, one step after the other."""
    return GraphStep(_stock(unrolled), experiment, corpus, arrays)


def block_lstm(experiment, corpus, arrays):
    """``tf.raw_ops.BlockLSTM``, TensorFlow's fused kernel."""
    return GraphStep(_stock(_block), experiment, corpus, arrays)


def run_of(trainer, experiment, corpus):
    """The runs of a trainer's own step."""
    task = train.build(trainer, experiment, corpus)
    feeds = dict(task.feed(0))
    feeds[task.step.learning_rate] = experiment.train.learning_rate
    return [([task.step.run, task.step.finite], feeds)]


def cost_of(logits, targets):
    """The sum of -ln p(next word) per sequence, for ``logits [T * B, V]`` and ``targets [B, T]``."""
    labels = tf.reshape(tf.transpose(targets), [-1])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_sum(losses) / static_shape(targets)[0]


def zeroing_runs(variables, threshold):
    """The original's second run, which zeroes small weights; none where the threshold is 0."""
    if not threshold:
        return []
    small = [tf.where(tf.abs(each) < threshold, tf.zeros_like(each), each) for each in variables]
    return [([tf.assign(each, value).op for each, value in zip(variables, small)], {})]


def _stock(layer):
    def build(experiment, corpus):
        options, settings = experiment.model, experiment.train
        shape = [settings.batch_size, settings.num_steps]
        words, targets = tf.placeholder(tf.int32, shape), tf.placeholder(tf.int32, shape)
        rate = tf.placeholder(tf.float32, [])
        weights = model.weights(options, len(corpus.vocabulary))
        outputs = _dropped(tf.nn.embedding_lookup(weights.embedding, tf.transpose(words)), options.keep_prob)
        carry = []
        carried = model.carried_state(options, settings.batch_size, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
        for kernel, bias, state in zip(weights.kernels, weights.biases, carried):
            outputs, last = layer(outputs, kernel, bias, values_of(state), options.forget_bias)
            outputs = _dropped(outputs, options.keep_prob)
            carry += [tf.assign(variable, value) for variable, value in zip(state, last)]
        flat = tf.reshape(outputs, [-1, options.hidden_sizes[-1]])
        logits = tf.matmul(flat, weights.softmax_w) + weights.softmax_b
        cost = cost_of(logits, targets)
        trained = tf.trainable_variables()
        gradients = tf.gradients(cost + _penalty(weights, experiment), trained)
        clipped, _ = tf.clip_by_global_norm(gradients, settings.max_grad_norm)
        update = tf.train.GradientDescentOptimizer(rate).apply_gradients(zip(clipped, trained))
        batch = text.batch_view(corpus.train, *shape)[0]
        feeds = {words: batch[0], targets: batch[1], rate: settings.learning_rate}
        fetches = [update, cost] + [each.op for each in carry]
        return [(fetches, feeds)] + zeroing_runs(trained, experiment.sparsity.active_threshold)

    return build


def _dropped(tensor, keep_prob):
    return tensor if keep_prob == 1 else tf.nn.dropout(tensor, rate=1 - keep_prob)


def unrolled(inputs, kernel, bias, state, forget_bias):
    """TensorFlow's BasicLSTMCell over ``inputs [T, B, in]``: ``([T, B, n], last (c, h))``."""
    (c, h), outputs = state, []
    for x in tf.unstack(inputs):
        i, j, f, o = tf.split(tf.matmul(tf.concat([x, h], 1), kernel) + bias, 4, axis=1)
        c = tf.sigmoid(f + forget_bias) * c + tf.sigmoid(i) * tf.tanh(j)
        h = tf.sigmoid(o) * tf.tanh(c)
        outputs.append(h)
    return tf.stack(outputs), (c, h)


def _block(inputs, kernel, bias, state, forget_bias):
    no_peephole = tf.zeros([kernel.shape.as_list()[1] // 4])
    done = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(tf.shape(inputs)[0], tf.int64),
        x=inputs,
        cs_prev=state.c,
        h_prev=state.h,
        w=kernel.read_value(),
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias.read_value(),
        forget_bias=forget_bias,
        cell_clip=-1.0,
        use_peephole=False,
    )
    return done.h, (done.cs[-1], done.h[-1])


def _penalty(weights, experiment):
    """The original's group Lasso over both layers' units, differentiated by TensorFlow."""
    total = tf.constant(0.0)
    for penalty in experiment.sparsity.penalties:
        readers = weights.kernels[1:] + [weights.softmax_w]
        for kernel, reader, units in zip(weights.kernels, readers, experiment.model.hidden_sizes):
            square = tf.square(kernel)
            squares = tf.add_n(tf.split(tf.reduce_sum(square, axis=0), 4))
            squares += tf.reduce_sum(square, axis=1)[-units:] + tf.reduce_sum(tf.square(reader), axis=1)[:units]
            total += penalty.strength * tf.reduce_sum(tf.sqrt(squares + EPSILON))
    return total


class PyTorch:
    """The same with ``torch.optim.SGD``, and with ISS the penalty differentiated by PyTorch."""

    operations = None

    def __init__(self, experiment, corpus, arrays):
        settings = experiment.train
        self._model = TorchModel(experiment.model, arrays)
        self._settings, self._sparsity = settings, experiment.sparsity
        batch = text.batch_view(corpus.train, settings.batch_size, settings.num_steps)[0]
        self._words, self._targets = (torch().from_numpy(ids.T.astype("int64")) for ids in batch)
        self._parameters = self._model.parameters()
        self._optimizer = torch().optim.SGD(self._parameters, lr=settings.learning_rate)
        self._state = self._model.zero_state(settings.batch_size)

    def __call__(self):
        functional = torch().nn.functional
        self._optimizer.zero_grad(set_to_none=True)
        hidden, state = self._model.hidden(self._words, self._state)
        self._state = [tuple(each.detach() for each in layer) for layer in state]
        logits = self._model.linear(hidden).flatten(0, 1)
        cost = functional.cross_entropy(logits, self._targets.flatten(), reduction="sum") / self._settings.batch_size
        (cost + self._penalty()).backward()
        torch().nn.utils.clip_grad_norm_(self._parameters, self._settings.max_grad_norm)
        self._optimizer.step()
        if self._sparsity.active_threshold:
            with torch().no_grad():
                for parameter in self._parameters:
                    parameter.masked_fill_(parameter.abs() < self._sparsity.active_threshold, 0.0)

    def weights(self):
        """``{name: array}`` as they are now."""
        return self._model.weights()

    def _penalty(self):
        total = 0.0
        for penalty in self._sparsity.penalties:
            layers = self._model.layers
            readers = [layer.weight_ih_l0 for layer in layers[1:]] + [self._model.linear.weight]
            for layer, reader in zip(layers, readers):
                recurrent = layer.weight_hh_l0.square()
                squares = (layer.weight_ih_l0.square().sum(1) + recurrent.sum(1)).reshape(4, -1).sum(0)
                squares = squares + recurrent.sum(0) + reader.square().sum(0)
                total = total + penalty.strength * (squares + EPSILON).sqrt().sum()
        return total
