"""Initial weights as a function of the seed and the variable's name, so that they do not depend on their order."""

import zlib

from sparse_rnn.compat import tf


def uniform(name, scale, seed):
    """An initializer: uniform in [-scale, scale).

    Args:
      name: of the variable.
      scale: half the width of the range.
      seed: of the experiment.
    """

    def initializer(shape, dtype="float32", partition_info=None):
        seeds = [seed, zlib.crc32(name.encode("utf-8")) & 0x7FFFFFFF]
        return tf.random.stateless_uniform(shape, seeds, minval=-scale, maxval=scale, dtype=dtype)

    return initializer
