"""Small models whose sizes are those of the arrays they are given, so that a compacted one can be built again."""

import numpy as np

from sparse_rnn import compaction, discovery
from sparse_rnn.compat import tf
from sparse_rnn.groups import OUTGOING
from sparse_rnn.lstm import lstm as our_lstm
from tests import graphs

BATCH, STEPS, VOCABULARY = 3, 4, 13


class Weights:
    """Variables by name: made of the given arrays, or of random ones that are kept in ``arrays``."""

    def __init__(self, arrays=None, seed=0, resource=True):
        self.arrays = {} if arrays is None else dict(arrays)
        self._fixed = arrays is not None
        self._random = np.random.RandomState(seed)
        self._resource = resource

    def get(self, name, *shape):
        """The variable; ``shape`` counts only where no arrays were given."""
        if not self._fixed and name not in self.arrays:
            self.arrays[name] = self._random.uniform(-1, 1, shape).astype(np.float32)
        array = self.arrays[name]
        with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
            return tf.get_variable(
                name, array.shape, initializer=tf.constant_initializer(array), use_resource=self._resource
            )


def width(tensor):
    """The last length of a tensor."""
    return tensor.shape.as_list()[-1]


def dense(weights, name, inputs, units, activation=tf.tanh):
    """A layer over the last axis of a tensor of any rank."""
    kernel = weights.get(name + "/kernel", width(inputs), units)
    flat = tf.matmul(tf.reshape(inputs, [-1, width(inputs)]), kernel)
    flat = activation(tf.nn.bias_add(flat, weights.get(name + "/bias", units)))
    return tf.reshape(flat, tf.concat([tf.shape(inputs)[:-1], [width(kernel)]], 0))


def lstm_step(kernel, bias, inputs, state):
    """The cell by hand: ``state`` is (c, h)."""
    gates = tf.matmul(tf.concat([inputs, state[1]], 1), kernel) + bias
    i, j, f, o = tf.split(gates, 4, axis=1)
    c = state[0] * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * tf.tanh(j)
    return c, tf.tanh(c) * tf.sigmoid(o)


def gru_step(weights, name, inputs, state, units):
    gates_kernel = weights.get(name + "/gates/kernel", width(inputs) + units, 2 * units)
    units = width(gates_kernel) // 2
    both = tf.concat([inputs, state], 1)
    gates = tf.sigmoid(tf.matmul(both, gates_kernel) + weights.get(name + "/gates/bias", 2 * units))
    r, u = tf.split(gates, 2, 1)
    kernel = weights.get(name + "/candidate/kernel", width(inputs) + units, units)
    candidate = tf.tanh(
        tf.matmul(tf.concat([inputs, r * state], 1), kernel) + weights.get(name + "/candidate/bias", units)
    )
    return u * state + (1 - u) * candidate


def lstm_layer(weights, name, inputs, units, form):
    """``[B, T, in]`` to ``[B, T, n]``, in one of the forms that a graph may have."""
    kernel = weights.get(name + "/kernel", width(inputs) + units, 4 * units)
    bias = weights.get(name + "/bias", 4 * units)
    units = width(kernel) // 4
    zeros = tf.zeros([tf.shape(inputs)[0], units])
    if form == "ours":
        return tf.transpose(our_lstm(tf.transpose(inputs, [1, 0, 2]), kernel, bias)[0], [1, 0, 2])
    if form == "unrolled":
        state, outputs = (zeros, zeros), []
        for x in tf.unstack(inputs, STEPS, 1):
            state = lstm_step(kernel, bias, x, state)
            outputs.append(state[1])
        return tf.stack(outputs, 1)
    if form == "concatenated":
        state, outputs = (zeros, zeros), []
        for t in range(STEPS):
            state = lstm_step(kernel, bias, inputs[:, t, :], state)
            outputs.append(state[1])
        return tf.reshape(tf.concat(outputs, 1), [-1, STEPS, units])
    if form == "block_cell":
        none = tf.zeros([units])
        state, outputs = (zeros, zeros), []
        for x in tf.unstack(inputs, STEPS, 1):
            made = tf.raw_ops.LSTMBlockCell(
                x=x, cs_prev=state[0], h_prev=state[1], w=kernel, wci=none, wcf=none, wco=none, b=bias, forget_bias=1.0
            )
            state = made.cs, made.h
            outputs.append(made.h)
        return tf.stack(outputs, 1)
    if form == "block":
        none = tf.zeros([units])
        made = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(STEPS, tf.int64), x=tf.transpose(inputs, [1, 0, 2]), cs_prev=zeros, h_prev=zeros,
            w=kernel, wci=none, wcf=none, wco=none, b=bias,
        )  # fmt: skip
        return tf.transpose(made.h, [1, 0, 2])
    return _loop(kernel, bias, inputs, zeros, tf.zeros([tf.shape(inputs)[0], units]))


def _loop(kernel, bias, inputs, c, h):
    source = tf.TensorArray(tf.float32, STEPS).unstack(tf.transpose(inputs, [1, 0, 2]))

    def body(t, c, h, sink):
        x = source.read(t)
        x.set_shape([None, width(inputs)])
        c, h = lstm_step(kernel, bias, x, (c, h))
        return t + 1, c, h, sink.write(t, h)

    start = (tf.constant(0), c, h, tf.TensorArray(tf.float32, STEPS))
    sink = tf.while_loop(lambda t, *_: t < STEPS, body, start)[3]
    outputs = tf.transpose(sink.stack(), [1, 0, 2])
    outputs.set_shape([None, STEPS, width(h)])
    return outputs


FORMS = ("ours", "unrolled", "concatenated", "block_cell", "block", "loop")


def _gru(weights, name, x, units):
    kernel = weights.get(name + "/gates/kernel", width(x) + units, 2 * units)
    state, outputs = tf.zeros([tf.shape(x)[0], width(kernel) // 2]), []
    for each in tf.unstack(x, STEPS, 1):
        state = gru_step(weights, name, each, state, units)
        outputs.append(state)
    return tf.stack(outputs, 1)


def _highway(weights, name, x, units):
    gate = dense(weights, name + "/gate", x, width(x), tf.sigmoid)
    return gate * dense(weights, name + "/trans", x, width(x), tf.nn.relu) + (1 - gate) * x


def _residual(weights, name, x, units):
    return x + dense(weights, name, x, width(x), tf.nn.relu)


def _joined(weights, name, x, units):
    return tf.concat([x, dense(weights, name, x, units)], 2)


def _attention(weights, name, x, units):
    """Additive attention over the steps; every step reads the summary, itself, and both multiplied."""
    hidden = dense(weights, name + "/hidden", x, units)
    scores = tf.reduce_sum(hidden * weights.get(name + "/v", width(hidden)), 2)
    summary = tf.reduce_sum(tf.expand_dims(tf.nn.softmax(scores), 2) * x, 1, keepdims=True)
    summary = tf.tile(summary, [1, STEPS, 1])
    return tf.concat([x, summary, x * summary], 2)


def _normalised(weights, name, x, units):
    mean, variance = tf.nn.moments(x, [2], keepdims=True)
    scale, shift = weights.get(name + "/gamma", width(x)), weights.get(name + "/beta", width(x))
    return (x - mean) * tf.rsqrt(variance + 1e-5) * scale + shift


def _dot_attention(weights, name, x, units):
    return tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True)), x)


def _gates_by_reshape(weights, name, x, units):
    """Two halves of a product, told apart by a reshape."""
    kernel = weights.get(name + "/kernel", width(x), 2 * units)
    both = tf.matmul(tf.reshape(x, [-1, width(x)]), kernel)
    first, second = tf.unstack(tf.reshape(both, [-1, 2, width(kernel) // 2]), axis=1)
    return tf.reshape(tf.sigmoid(first) * second, [-1, STEPS, width(kernel) // 2])


def _softmaxed(weights, name, x, units):
    return tf.nn.softmax(dense(weights, name, x, units))


def _summed(weights, name, x, units):
    return x * tf.reduce_sum(x, 2, keepdims=True)


def _rolled(weights, name, x, units):
    return x + tf.roll(x, 1, axis=2)


def _numbered(weights, name, x, units):
    return x * np.arange(1, width(x) + 1, dtype=np.float32)


def _sized(weights, name, x, units):
    return x * tf.sqrt(tf.cast(tf.shape(x)[2], tf.float32))


LAYERS = {
    "attention": _attention,
    "dense": lambda weights, name, x, units: dense(weights, name, x, units),
    "dot_attention": _dot_attention,
    "gates_by_reshape": _gates_by_reshape,
    "gru": _gru,
    "highway": _highway,
    "joined": _joined,
    "normalised": _normalised,
    "numbered": _numbered,
    "residual": _residual,
    "rolled": _rolled,
    "sized": _sized,
    "softmaxed": _softmaxed,
    "summed": _summed,
}
LAYERS.update({"lstm_" + form: None for form in FORMS})
ENDS = ("softmax", "tied", "scalar")


def build(weights, layers, end):
    """A model over words ``[BATCH, STEPS]``.

    Args:
      weights: the Weights.
      layers: pairs (key of LAYERS, number of units).
      end: one of ENDS.

    Returns:
      ``(placeholder of the words, scores)``.
    """
    words = tf.placeholder(tf.int32, [None, STEPS], "words")
    embedding = weights.get("embedding", VOCABULARY, 5)
    x = tf.nn.embedding_lookup(embedding, words)
    for number, (kind, units) in enumerate(layers):
        name = "layer_{}".format(number)
        if kind.startswith("lstm_"):
            x = lstm_layer(weights, name, x, units, kind[len("lstm_") :])
        else:
            x = LAYERS[kind](weights, name, x, units)
    if end == "scalar":
        return words, tf.squeeze(dense(weights, "end", x, 1, tf.identity), 2)
    if end == "tied":
        x = dense(weights, "end", x, width(embedding), tf.identity)
        flat = tf.matmul(tf.reshape(x, [-1, width(x)]), embedding, transpose_b=True)
        return words, flat + weights.get("end/shift", VOCABULARY)
    return words, dense(weights, "end", x, VOCABULARY, tf.identity)


def loss_of(scores):
    """A loss over the scores, as in training."""
    flat = tf.reshape(scores, [-1, width(scores)])
    labels = tf.zeros([tf.shape(flat)[0]], tf.int32)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=flat))


def discovered(layers, end, seed=0, train=False):
    """``(structure, arrays)`` of a model with random weights."""
    with tf.Graph().as_default() as graph:
        weights = Weights(seed=seed, resource=seed % 2 == 0)
        loss = loss_of(build(weights, layers, end)[1])
        if train:
            loss += tf.add_n([tf.nn.l2_loss(variable) for variable in tf.trainable_variables()])
            tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
        return discovery.discover(graph), weights.arrays


def computed(arrays, model):
    """What a model with these arrays computes.

    Args:
      arrays: ``{name: array}``.
      model: a function of Weights that builds it: ``(placeholder, what is fed, output)``.
    """
    with tf.Graph().as_default():
        placeholder, fed, output = model(Weights(arrays))
        with tf.Session(config=graphs.quick_config()) as session:
            session.run(tf.global_variables_initializer())
            return session.run(output, {placeholder: fed})


def kill(arrays, structure, random):
    """Zero the outgoing weights of about half the units of every group, never of all."""
    dead = {group.name: random.permutation(group.size)[: random.randint(1, group.size)] for group in structure}
    arrays = {name: array.copy() for name, array in arrays.items()}
    for group in structure:
        for part in group.select(OUTGOING):
            np.moveaxis(arrays[part.variable], part.axis, 0)[part.start + dead[group.name]] = 0
    return arrays, dead


def prove(layers, end, seed=0, train=False):
    """Discover, kill, compact, rebuild: raises where the small model is not the same function.

    Returns:
      The structure, and how many units went.
    """
    words = np.random.RandomState(1).randint(0, VOCABULARY, [BATCH, STEPS])

    def model(weights):
        placeholder, output = build(weights, layers, end)
        return placeholder, words, output

    structure, arrays = discovered(layers, end, seed, train)
    return structure, prove_removal(structure, arrays, model, seed)


def prove_removal(structure, arrays, model, seed=0):
    """Kill, compact, rebuild: raises where the small model is not the same function; the number of units that went."""
    killed, dead = kill(arrays, structure, np.random.RandomState(seed))
    small = compaction.compact(killed, structure)
    for group in structure:
        assert not set(dead[group.name]) & set(small.kept[group.name]), group.name
    before, after = computed(killed, model), computed(small.weights, model)
    assert before.shape == after.shape
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)
    return sum(group.size for group in structure) - sum(len(kept) for kept in small.kept.values())
