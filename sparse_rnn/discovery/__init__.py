"""The structure of any TensorFlow 1 graph, read off the graph.

A graph is static, so which indices belong together can be followed from operation to operation: products tie the
dimension they sum over, element-wise operations tie dimensions of equal length, concatenation and slicing join and cut.
What ends up together is one class of indices, the units of a layer or something that has to stay whole.

Sound before complete: an operation without a rule pins all that it touches, and the result says so.
``docs/discover.md`` lists what is followed.
"""

import contextlib
import gc
import itertools

import numpy as np

from sparse_rnn import names
from sparse_rnn.compat import tf
from sparse_rnn.discovery import result, walk
from sparse_rnn.discovery.forward import Forward
from sparse_rnn.discovery.nodes import Nodes
from sparse_rnn.discovery.result import Discovered, Pinned
from sparse_rnn.discovery.sources import VARIABLES
from sparse_rnn.errors import UserError

__all__ = ["Discovered", "Pinned", "discover", "discover_file"]


def discover(graph=None, keep=()):
    """Find the units of a model: which indices of which variables stand or fall together.

    Call it once the whole model is built; training operations may be in the graph, and are left out.

    Args:
      graph: a ``tf.Graph``; by default the default graph.
      keep: tensors, or names of tensors, that must keep their shape: features that are handed on to another
        program, for example. One alone needs no list.

    Returns:
      A Discovered: a list of UnitGroups, in the order in which their variables were made, to be used wherever a
      structure is. Its ``pinned`` says what is not offered for removal and why, its ``carried`` what shrinks with
      each group without being a weight; printed, it is one line per group.

    Raises:
      UserError: the graph is none or has no trainable variables, or ``keep`` names no tensor of it.
    """
    graph = tf.get_default_graph() if graph is None else graph
    if not isinstance(graph, tf.Graph):
        raise UserError("discover: a tf.Graph is needed, not a {}.".format(type(graph).__name__))
    with _without_collector():
        return _discover(graph, [keep] if isinstance(keep, str) or hasattr(keep, "name") else keep or ())


def discover_file(path):
    """The structure of the graph in a ``.meta`` file, which a ``tf.train.Saver`` writes beside its checkpoints.

    Args:
      path: the file.

    Returns:
      A Discovered, as :func:`discover` gives it.

    Raises:
      UserError: the file holds no graph that this TensorFlow knows, or one without trainable variables.
    """
    with tf.Graph().as_default() as graph:
        try:
            tf.train.import_meta_graph(path, clear_devices=True)
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError("'{}' holds no graph that can be read: {}.".format(path, reason)) from error
        if not tf.trainable_variables():
            raise UserError("'{}' holds a graph without trainable variables, so no units can be found.".format(path))
    return discover(graph)


def _discover(graph, keep):
    variables = graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
    trainable = [variable.op.name for variable in variables]
    if not trainable:
        raise UserError("the graph has no trainable variables, so no units; build the model before you call discover.")
    nodes = Nodes(graph)
    shapes = {
        node.name: tuple(size.size for size in node.attr["shape"].shape.dim)
        for node in nodes.every
        if node.op in VARIABLES
    }
    kept = [_kept_output(graph, nodes, each) for each in keep]
    saved = {variable.op.name for variable in graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)}.union(trainable)
    forward = Forward(nodes, frozenset(trainable), saved, [node for node, _ in kept])
    analysis = walk.Analysis(frozenset(trainable))
    scope = walk.Scope(nodes)
    analysis.walk(scope, forward.order)
    for target, source in forward.copies:
        analysis.copied(target, source)
    analysis.tie_equal_ranges()
    _pin_kept(analysis, scope, kept)
    _pin_parts(analysis, graph, variables)
    if forward.second_order is not None:
        for variable in analysis.variables.values():
            for dimension in variable.dimensions():
                analysis.classes.pin(
                    dimension, "`{}` computes with what depends on gradients".format(forward.second_order.name)
                )
    weights = {name: shapes[name] for name in trainable if name in shapes}
    others = {name: shape for name, shape in shapes.items() if name not in weights}
    return result.assemble(analysis, weights, others, saved)


def _pin_kept(analysis, scope, kept):
    for node, number in kept:
        value = scope.values[node][number]
        counted = [count.dimensions for count in np.ravel(getattr(value, "counts", None)) if count is not None]
        for dimension in itertools.chain(value.dimensions(), *counted):
            analysis.classes.pin(dimension, "`{}` is to be kept".format(node.name))


def _pin_parts(analysis, graph, variables):
    """The parts of a partitioned variable are cut at numbers that are others for other sizes."""
    with graph.as_default():  # where TensorFlow runs eagerly variables do not say what they are parts of
        parts = {variable.op.name: variable.to_proto().save_slice_info_def for variable in variables}
    for name, part in parts.items():
        for axis, (size, full) in enumerate(zip(part.var_shape, part.full_shape)):
            if size != full and name in analysis.variables:
                analysis.classes.pin(
                    analysis.variables[name].dims[axis], "`{}` is a part of '{}'".format(name, part.full_name)
                )


@contextlib.contextmanager
def _without_collector():
    """No garbage collection: it would go through all objects of a large graph again and again, and find nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _kept_output(graph, nodes, tensor):
    """A tensor or its name as (node, number of the output)."""
    text = tensor if isinstance(tensor, str) else getattr(tensor, "name", None)
    if text is None:
        raise UserError("keep: {!r} is neither a tensor nor the name of one.".format(tensor))
    if getattr(tensor, "graph", graph) is not graph:
        raise UserError("keep: '{}' is a tensor of another graph.".format(text))
    name, _, number = text.partition(":")
    if name not in nodes.by_name:
        raise names.unknown(name, nodes.by_name, "keep", "tensor")
    outputs = nodes.outputs(nodes.by_name[name])
    if number not in [""] + [str(each) for each in range(outputs)]:
        raise UserError("keep: '{}' has {} outputs, so there is no '{}'.".format(name, outputs, text))
    return nodes.by_name[name], int(number or 0)
