"""Functions with a gradient of their own, in graphs that can be dropped.

``tf.custom_gradient`` registers a gradient for every call, for as long as the program runs, and with it the whole graph
that the call is in. A program that builds its model again and again, at other sizes or in a test, would keep them all.
"""

from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError

_REGISTERED = "SparseRnnCustomGradient"
#: The attribute of a graph that holds ``{name of an operation: (number of results, gradient)}``.
_GRADIENTS = "_sparse_rnn_gradients"


def custom_gradient(function):
    """Like ``tf.custom_gradient``, for functions of tensors that return a tuple.

    Args:
      function: maps tensors to ``(results, gradient)``; ``gradient`` maps the gradients of the results to those of the
        arguments. Variables have to be arguments as well.

    Returns:
      A function of the tensors that returns the results. Where its graph is imported, from a ``.meta`` file say, it
      runs, but ``tf.gradients`` raises a UserError, or TensorFlow's LookupError where the program has built no such
      function.
    """

    def called(*tensors):
        graph = tf.get_default_graph()
        if tf.executing_eagerly() or type(graph) is not tf.Graph:
            return tf.custom_gradient(function)(*tensors)  # the gradients of tapes find no graph to ask
        inputs = [tf.identity(each) for each in tensors]
        results, gradient = function(*inputs)
        with graph.gradient_override_map({"IdentityN": _registered()}):
            outputs = tf.identity_n(list(results) + inputs)
        # The graph holds its own gradients: both go together.
        if not hasattr(graph, _GRADIENTS):
            setattr(graph, _GRADIENTS, {})
        getattr(graph, _GRADIENTS)[outputs[0].op.name] = len(results), gradient
        return tuple(outputs[: len(results)])

    return called


def _registered():
    """The name that the gradient of all such functions goes by."""
    try:
        tf.RegisterGradient(_REGISTERED)(_gradient)
    except KeyError:  # by an earlier call
        pass
    return _REGISTERED


def _gradient(operation, *d_outputs):
    known = getattr(operation.graph, _GRADIENTS, {})
    if operation.name not in known:
        raise UserError(
            "operation '{}' has a gradient of its own, which an imported graph does not hold; build the model anew to "
            "train it.".format(operation.name)
        )
    results, gradient = known[operation.name]
    return [None] * results + list(gradient(*d_outputs[:results]))
