"""Element-wise computations over large tensors as one loop.

In several operations such a computation goes through memory once per operation, and on large weights memory is what it
waits for. XLA, TensorFlow's compiler, makes one loop of them.
"""

from sparse_rnn import blocks
from sparse_rnn.compat import compiled, has_gpu, tf


def fused(function, *tensors):
    """``function(*tensors)``, whose operations are element-wise, as one loop where that pays.

    It pays on processors where one of ``tensors`` has at least ``blocks.BLOCK`` elements, four megabytes: smaller ones
    stay in the cache, and are not worth the fraction of a second that compiling takes. Otherwise, and where no graph of
    version 1 is built, the operations stay what they are; so they do where TensorFlow sees a GPU, used or not.

    Args:
      function: maps the tensors to one tensor, and reads no others.
      tensors: of which the largest decides; a shape that is not known counts as small.
    """
    in_graph = type(tf.get_default_graph()) is tf.Graph and not tf.executing_eagerly()
    largest = max(tensor.shape.num_elements() or 0 for tensor in tensors)
    if in_graph and largest >= blocks.BLOCK and not has_gpu():
        return compiled(function, tensors)
    return function(*tensors)
