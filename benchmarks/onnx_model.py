"""The language model as an ONNX graph, written node by node from our weights, for ONNX Runtime."""

import numpy as np

from ptb import variables
from sparse_rnn.errors import UserError

#: Of our gates i, j, f, o, the places of ONNX's i, o, f, c.
_ORDER = (0, 3, 2, 1)


def _modules():
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise UserError(
            "ONNX or ONNX Runtime is not installed; pip install -e .[benchmarks], with Python 3.9 or newer."
        ) from None
    return onnx, onnxruntime


class OnnxModel:
    """Sessions of ONNX Runtime over parts of the model.

    Args:
      arrays: ``{our variable name: array}``.
      threads: inside an operation.
    """

    def __init__(self, arrays, threads):
        self._arrays, self._threads = arrays, threads
        self._nodes, self._constants = [], []

    def part(self, part, given, output_shape):
        """A function that runs ``stack``, ``softmax`` or ``whole`` once and returns the output.

        The input is bound once and the output lies in ONNX Runtime's own memory, so that nothing is copied per run.
        """
        onnx, runtime = _modules()
        helper = onnx.helper
        self._nodes, self._constants = [], []
        name = "given"
        if part == "whole":
            name = self._node(
                "Gather", [self._constant("embedding", self._arrays[variables.EMBEDDING]), name], "embedded"
            )
        if part != "softmax":
            for layer in range(_layers(self._arrays)):
                name = self._layer(layer, name)
        if part != "stack":
            product = self._node("MatMul", [name, self._constant("w", self._arrays[variables.SOFTMAX_W])], "product")
            name = self._node("Add", [product, self._constant("b", self._arrays[variables.SOFTMAX_B])], "scores")
        kind = helper.np_dtype_to_tensor_dtype(given.dtype)
        graph = helper.make_graph(
            self._nodes,
            "language_model",
            [helper.make_tensor_value_info("given", kind, given.shape)],
            [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, output_shape)],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_cpu_input("given", given)
        binding.bind_output(name)

        def run():
            session.run_with_iobinding(binding)
            return binding

        return run

    def _layer(self, layer, name):
        kernel, bias = self._arrays[variables.kernel(layer)], self._arrays[variables.bias(layer)]
        units = kernel.shape[1] // 4
        weights = np.concatenate([np.split(kernel, 4, axis=1)[place] for place in _ORDER], axis=1).T[np.newaxis]
        biases = np.concatenate([np.split(bias, 4)[place] for place in _ORDER])
        inputs = [
            name,
            self._constant("w{}".format(layer), weights[:, :, :-units]),
            self._constant("r{}".format(layer), weights[:, :, -units:]),
            self._constant("b{}".format(layer), np.concatenate([biases, np.zeros_like(biases)])[np.newaxis]),
        ]
        stacked = self._node("LSTM", inputs, "stacked{}".format(layer), hidden_size=units)
        axis = self._constant("axis{}".format(layer), np.array([1], np.int64))
        return self._node("Squeeze", [stacked, axis], "hidden{}".format(layer))

    def _constant(self, name, array):
        onnx, _ = _modules()
        self._constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _node(self, kind, inputs, output, **attributes):
        onnx, _ = _modules()
        self._nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output


def _layers(arrays):
    return sum(variables.kernel(layer) in arrays for layer in range(len(arrays)))
