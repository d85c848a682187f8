"""Element-wise computations over large tensors as one loop.

In several operations such a computation goes through memory once per operation, and on large weights memory is what it
waits for. XLA, TensorFlow's compiler, makes one loop of them.
"""

import contextlib

import numpy as np

from sparse_rnn import blocks
from sparse_rnn.compat import has_gpu, static_shape, tf


def fused(tensors):
    """A context: element-wise operations that are made within it run as one loop, where that pays.

    It pays where one of ``tensors`` is larger than a processor's cache; smaller ones are not worth the fraction of a
    second that compiling takes. Nothing changes where TensorFlow sees a GPU, runs operations as they are made, or was
    built without XLA. Contexts within a context belong to its loop.

    Args:
      tensors: tensors or variables, of which the largest decides; a shape that is not known counts as small.
    """
    if tf.executing_eagerly() or has_gpu() or max(map(_elements, tensors), default=0) < blocks.BLOCK:
        return contextlib.nullcontext()
    return tf.xla.experimental.jit_scope()


def _elements(tensor):
    shape = static_shape(tensor)
    return 0 if shape is None or None in shape else int(np.prod(shape))
