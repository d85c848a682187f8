"""One training step of the highway network, as this project takes it and as the original wrote it.

The rival is one product for each matrix, cell and step, with TensorFlow's own differentiation, clipping and optimiser;
with ISS the original's penalty, and zeroing in a second run. Dropout is drawn in the graph by both.
"""

import os

from training_steps import EPSILON, GraphStep, cost_of, run_of, zeroing_runs

from rhns import config, model, noise
from rhns.trainer import TRAINER
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import optimization, penalties, text

_CONFIGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rhns", "configs")
#: Width 200 and depth 4; the paper's width 830 and depth 10.
SIZES = {"highway_200": "ptb_small", "highway_830": "ptb_sota"}
#: The paper's penalty and threshold.
ISS = (
    'sparsity={"penalties": [{"kind": "units", "strength": 0.005, "groups": ["rhn_0"]}], "threshold": 0.0004, '
    '"zero_variables": ["model/embedding", "model/RHN0/*/Matrix"]}'
)


def experiment(size, overrides=()):
    """The experiment of one of :data:`SIZES`."""
    return config.load_experiment(os.path.join(_CONFIGS, SIZES[size] + ".json"), overrides)


def make(rival, chosen, corpus, arrays):
    """The step of one of the rivals "ours" and "unrolled_cell"."""
    builders = {"ours": lambda *given: run_of(TRAINER, *given), "unrolled_cell": _unrolled}
    if rival not in builders:
        raise UserError("there is no highway network of that kind")
    return GraphStep(builders[rival], chosen, corpus, arrays)


def _unrolled(chosen, corpus):
    options, settings = chosen.model, chosen.train
    shape = [settings.batch_size, settings.num_steps]
    words, targets = tf.placeholder(tf.int32, shape), tf.placeholder(tf.int32, shape)
    rate, step = tf.placeholder(tf.float32, []), optimization.global_step()
    weights = model.weights(options, len(corpus.vocabulary))
    (carried,) = model.carried_state(options, settings.batch_size, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
    masks = noise.of_step(options, len(corpus.vocabulary), settings.seed, step, words)
    outputs, last = _layer(tf.nn.embedding_lookup(weights.embedding, words), weights, carried.read_value(), masks)
    logits = tf.matmul(outputs, weights.embedding, transpose_b=True) + weights.softmax_b
    cost = cost_of(logits, targets)
    trained = tf.trainable_variables()
    loss = cost + penalties.weight_decay(settings) + _penalty(weights, chosen)
    clipped, _ = tf.clip_by_global_norm(tf.gradients(loss, trained), settings.max_grad_norm)
    update = tf.train.GradientDescentOptimizer(rate).apply_gradients(zip(clipped, trained), step)
    batch = text.batch_view(corpus.train, *shape)[0]
    feeds = {words: batch[0], targets: batch[1], rate: settings.learning_rate}
    matrices = [weights.embedding] + [matrix for cells in (weights.h[0], weights.t[0]) for matrix, _ in cells]
    fetches = [update, tf.assign(carried, last).op, cost]
    return [(fetches, feeds)] + zeroing_runs(matrices, chosen.sparsity.active_threshold)


def _layer(embedded, weights, state, masks):
    """Outputs ``[T * B, n]`` of inputs ``[B, T, n]``, and the last state."""
    if masks.words is not None:
        embedded = embedded * masks.words[:, :, tf.newaxis]
    outputs = []
    for x in tf.unstack(embedded, axis=1):
        for cell, ((h_matrix, h_bias), (t_matrix, t_bias)) in enumerate(zip(weights.h[0], weights.t[0])):
            read = _masked(state, masks.states[0])
            if cell == 0:
                read = tf.concat([_masked(x, masks.inputs[0]), read], axis=1)
            h = tf.tanh(tf.matmul(read, h_matrix) + h_bias)
            t = tf.sigmoid(tf.matmul(read, t_matrix) + t_bias)
            state = (h - state) * t + state
        outputs.append(_masked(state, masks.outputs))
    return tf.concat(outputs, axis=0), state


def _masked(tensor, mask):
    return tensor if mask is None else tensor * mask


def _penalty(weights, chosen):
    """The original's group Lasso over the units, differentiated by TensorFlow."""
    total = tf.constant(0.0)
    for penalty in chosen.sparsity.penalties:
        squares = tf.reduce_sum(tf.square(weights.embedding), axis=0) + EPSILON
        for cells in (weights.h[0], weights.t[0]):
            for matrix, _ in cells:
                square = tf.square(matrix)
                rows = tf.split(tf.reduce_sum(square, axis=1), matrix.shape.as_list()[0] // matrix.shape.as_list()[1])
                squares += tf.reduce_sum(square, axis=0) + tf.add_n(rows)
        total += penalty.strength * tf.reduce_sum(tf.sqrt(squares))
    return total
