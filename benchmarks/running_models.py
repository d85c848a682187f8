"""The language model run, not trained: its parts as functions, in each of the libraries that one would run it with.

Every maker returns ``{(part, batch, steps): function}`` for the parts ``stack`` (the LSTM layers alone), ``softmax``
(the output layer alone) and ``whole`` (words to scores), after it has held the scores against numpy.
"""

import language_model
import numpy as np
from onnx_model import OnnxModel
from torch_model import TorchModel, torch

from ptb import model, variables
from sparse_rnn.compat import in_calling_thread, session_config, static_shape, tf
from sparse_rnn.errors import UserError
from sparse_rnn.lstm import lstm

PARTS = ("stack", "softmax", "whole")


def _given(options, part, batch, steps):
    """What a part reads, time first."""
    random = np.random.RandomState(2)
    if part == "whole":
        return random.randint(0, language_model.VOCABULARY, [steps, batch])
    width = options.embedding_size if part == "stack" else options.hidden_sizes[-1]
    return random.uniform(-1, 1, [steps, batch, width]).astype(np.float32)


def _checked(calls, arrays, values):
    """``calls``, once the scores of the whole model equal numpy's; ``values`` maps a key to what its call computes."""
    for part, batch, steps in calls:
        if part == "whole":
            words = _given(None, part, batch, steps)
            right = language_model.logits(arrays, words.T)
            difference = np.abs(values((part, batch, steps)).reshape(right.shape) - right).max()
            if not difference < 1e-4 * np.abs(right).max():
                raise UserError(
                    "the scores differ from numpy's by {:.3g}, so there is nothing to time.".format(difference)
                )
    return calls


def ours(options, arrays, threads, shapes, wrap=lambda function, inputs: function(inputs), shares=1):
    """This project's layers in a TensorFlow session.

    With more than one of ``shares`` the batch is cut into so many parts, and an operation has one thread.
    """
    with tf.Graph().as_default():
        # Read once, so that what is made of them is made once for all shares.
        weights = tf.nest.map_structure(
            lambda variable: variable.read_value(), model.weights(options, language_model.VOCABULARY)
        )
        outputs = {}
        for batch, steps in shapes:
            for part in PARTS:
                given = tf.get_variable(
                    "{}_{}_{}".format(part, batch, steps),
                    initializer=_given(options, part, batch, steps),
                    trainable=False,
                    use_resource=True,
                )
                function = _parts(options, weights)[part]
                sizes = [(batch + number) // shares for number in range(shares)]
                cut = tf.split(given.read_value(), sizes, axis=1)
                outputs[part, batch, steps] = [wrap(function, inputs) for inputs in cut]
        config = session_config(threads)
        if shares > 1:
            config.intra_op_parallelism_threads = 1
        session = tf.Session(config=config)
        session.run(tf.global_variables_initializer())
        for variable in tf.trainable_variables():
            variable.load(arrays[variable.op.name], session)
    runs = {
        (part, batch, steps): _runner(session, [output.op for output in found], batch)
        for (part, batch, steps), found in outputs.items()
    }
    return _checked(runs, arrays, lambda key: _joined(session.run(outputs[key]), steps=key[2]))


def _joined(scores, steps):
    """The scores ``[T, B, V]`` of the whole batch."""
    return np.concatenate([each.reshape(steps, -1, language_model.VOCABULARY) for each in scores], axis=1)


def _parts(options, weights):
    def stack(inputs):
        for kernel, bias, units in zip(weights.kernels, weights.biases, options.hidden_sizes):
            zeros = tf.zeros([static_shape(inputs)[1], units])
            inputs, _ = lstm(inputs, kernel, bias, (zeros, zeros), options.forget_bias)
        return inputs

    def softmax(hidden):
        flat = tf.reshape(hidden, [-1, static_shape(hidden)[2]])
        return tf.nn.bias_add(tf.matmul(flat, weights.softmax_w), weights.softmax_b)

    def whole(words):
        return softmax(stack(tf.nn.embedding_lookup(weights.embedding, words)))

    return {"stack": stack, "softmax": softmax, "whole": whole}


def _runner(session, operations, batch):
    # The operations, not their outputs: handing the scores to Python is no part of the model. One sequence is run as
    # the trainers' evaluation runs it.
    run_options = in_calling_thread() if batch == 1 else None
    return lambda: session.run(operations, options=run_options)


def ours_in_shares(options, arrays, threads, shapes):
    """The same with a share of the sequences on each thread, so that none waits for another within an operation."""
    shapes = [(batch, steps) for batch, steps in shapes if batch >= threads]
    if threads == 1 or not shapes:
        raise UserError("it takes several threads and as many sequences to share them out.")
    return ours(options, arrays, threads, shapes, shares=threads)


def ours_xla(options, arrays, threads, shapes):
    """The same, each part compiled by XLA."""
    compile_ = getattr(getattr(getattr(tf, "xla", None), "experimental", None), "compile", None)
    if compile_ is None:
        raise UserError("this TensorFlow has no tf.xla.experimental.compile.")
    return ours(options, arrays, threads, shapes, lambda function, inputs: compile_(function, [inputs])[0])


def products(options, arrays, threads, shapes):
    """The bare matrix products of the model, in TensorFlow, all threads on one after the other."""
    with tf.Graph().as_default():
        config = session_config(threads)
        # Products that nothing reads would be optimised away.
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        session = tf.Session(config=config)
        runs = {}
        for batch, steps in shapes:
            width, stack = options.embedding_size, []
            for layer, units in enumerate(options.hidden_sizes):
                of_inputs, of_state = (_resident(part) for part in np.split(arrays[variables.kernel(layer)], [width]))
                stack.append(_random_product([batch * steps, width], of_inputs))
                for _ in range(steps):
                    # One after the other, as the state makes them.
                    with tf.control_dependencies(stack[-1:]):
                        stack.append(_random_product([batch, units], of_state))
                width = units
            softmax = _random_product([batch * steps, width], _resident(arrays[variables.SOFTMAX_W]))
            for part, operations in zip(PARTS, (stack, [softmax], stack + [softmax])):
                runs[part, batch, steps] = _runner(session, tf.group(*operations), batch)
        session.run(tf.global_variables_initializer())
    return runs


def _random_product(shape, matrix):
    values = np.random.RandomState(3).uniform(-1, 1, shape).astype(np.float32)
    return tf.matmul(_resident(values).read_value(), matrix.read_value()).op


def _resident(array):
    """A variable of its own, so that no product waits for a slice to be copied."""
    name = "array_{}".format(len(tf.global_variables()))
    return tf.get_variable(name, initializer=np.ascontiguousarray(array), trainable=False, use_resource=True)


def pytorch(options, arrays, threads, shapes):
    """PyTorch's modules in inference mode."""
    torch().set_num_threads(threads)
    made = TorchModel(options, arrays)
    made.dropout.p = 0.0
    runs = {}
    for batch, steps in shapes:
        state = made.zero_state(batch)
        for part, function in (
            ("stack", lambda inputs, state=state: made.stack(inputs, state)[0]),
            ("softmax", made.linear),
            ("whole", lambda words, state=state: made.linear(made.hidden(words, state)[0])),
        ):
            given = torch().from_numpy(_given(options, part, batch, steps))
            runs[part, batch, steps] = torch().inference_mode()(lambda function=function, given=given: function(given))
    return _checked(runs, arrays, lambda key: runs[key]().numpy())


def onnx_runtime(options, arrays, threads, shapes):
    """ONNX Runtime on a graph of its own LSTM operator."""
    made, runs = OnnxModel(arrays, threads), {}
    for batch, steps in shapes:
        for part in PARTS:
            width = options.hidden_sizes[-1] if part == "stack" else language_model.VOCABULARY
            given = _given(options, part, batch, steps)
            runs[part, batch, steps] = made.part(part, given, [steps, batch, width])
    return _checked(runs, arrays, lambda key: runs[key]().copy_outputs_to_cpu()[0])
