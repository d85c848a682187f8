"""A TensorFlow graph, or the body of a function in it, as plain nodes that know their inputs."""

import re

from sparse_rnn.compat import tf
from sparse_rnn.discovery import rows

_NORMALISED = ("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2")
#: Names of the outputs, in order, of operations that have more than one; functions refer to outputs by name.
OUTPUTS = {
    "BlockLSTM": ("i", "cs", "f", "o", "ci", "co", "h"),
    "BlockLSTMV2": ("i", "cs", "f", "o", "ci", "co", "h"),
    "FusedBatchNorm": _NORMALISED,
    "FusedBatchNormV2": _NORMALISED,
    "FusedBatchNormV3": _NORMALISED + ("reserve_space_3",),
    "GRUBlockCell": ("r", "u", "c", "h"),
    "LSTMBlockCell": ("i", "cs", "f", "o", "ci", "co", "h"),
    "Merge": ("output", "value_index"),
    "SoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "SparseSoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "StatelessRandomGetKeyCounter": ("key", "counter"),
    "StatelessRandomGetKeyCounterAlg": ("key", "counter", "alg"),
    "Switch": ("output_false", "output_true"),
    "TensorArrayV3": ("handle", "flow"),
    "TensorListPopBack": ("output_handle", "tensor"),
    "TopKV2": ("values", "indices"),
}


class Node:
    """One operation: its name, its type, and ``inputs`` as pairs (node, number of the output)."""

    __slots__ = ("name", "op", "inputs", "attr")

    def __init__(self, proto):
        self.name = proto.name
        self.op = proto.op
        self.attr = proto.attr
        self.inputs = []


class Nodes:
    """All nodes of a graph.

    Attributes:
      every: the nodes, in the order in which they were made.
      by_name: name -> node.
      library: name -> definition of each function.
    """

    def __init__(self, graph):
        definition = graph.as_graph_def()
        self._graph = graph
        self.library = {function.signature.name: function for function in definition.library.function}
        self._library_proto = definition.library
        self.every = [Node(proto) for proto in definition.node]
        self.by_name = {node.name: node for node in self.every}
        for node, proto in zip(self.every, definition.node):
            for text in proto.input:
                if not text.startswith("^"):
                    name, _, number = text.partition(":")
                    node.inputs.append((self.by_name[name], int(number or 0)))
        rows.recognise(self)

    def shape(self, node, output=0):
        """The static shape of an output as a list, None for a length that is not known; None without a rank."""
        shape = self._graph.get_operation_by_name(node.name).outputs[output].shape
        return None if shape.rank is None else shape.as_list()

    def outputs(self, node):
        """How many outputs a node has."""
        return len(self._graph.get_operation_by_name(node.name).outputs)

    def body(self, name, shapes):
        """A function as nodes.

        Args:
          name: of the function.
          shapes: the shape of each argument, as a list or None.

        Returns:
          ``(Nodes, argument nodes, results as pairs (node, number of the output))``.

        Raises:
          ValueError: the function cannot be built by itself.
        """
        function = self.library[name]
        definition = tf.GraphDef()
        definition.library.CopyFrom(self._library_proto)
        definition.versions.CopyFrom(self._graph.graph_def_versions)
        arguments = [argument.name for argument in function.signature.input_arg]
        for argument, shape in zip(function.signature.input_arg, shapes):
            proto = definition.node.add(name=argument.name, op="Placeholder")
            proto.attr["dtype"].type = argument.type
            proto.attr["shape"].shape.CopyFrom(tf.TensorShape(shape).as_proto())
        types = {node.name: node.op for node in function.node_def}
        for node in function.node_def:
            proto = definition.node.add()
            proto.CopyFrom(node)
            del proto.input[:]
            proto.input.extend(_flat(text, types) for text in node.input)
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(definition, name="")
        nodes = Nodes(graph)
        returned = [_flat(function.ret[result.name], types) for result in function.signature.output_arg]
        results = [(text.partition(":")[0], int(text.partition(":")[2] or 0)) for text in returned]
        return (
            nodes,
            [nodes.by_name[argument] for argument in arguments],
            [(nodes.by_name[name], number) for name, number in results],
        )


def _flat(text, types):
    """``node:output name:index``, as functions say it, in the form ``node:number`` of a graph."""
    matched = re.match(r"^([^:^]+):([^:]+):(\d+)$", text)
    if not matched:
        return text
    name, output, index = matched.groups()
    known = OUTPUTS.get(types[name], ())
    return "{}:{}".format(name, (known.index(output) if output in known else 0) + int(index))
