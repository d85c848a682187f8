"""Large matrices in blocks of rows that fit a processor's cache.

An element-wise computation in several operations goes through memory once per operation. Block by block it goes through
memory once, at the price of more operations in the graph.
"""

import numpy as np

#: Elements of a block: 4 MB of float32. Sums of squares of 204 MB take 12 to 13 ms so, 14 with 2 MB, 20 with 1 MB.
BLOCK = 2**20
#: Rows of 4-byte elements that end at a multiple of 64 bytes, however long they are.
ALIGNED = 16


def row_blocks(shape):
    """The ranges ``(start, stop)`` of rows that cut an array of this shape into blocks of about :data:`BLOCK` elements.

    Args:
      shape: list of ints; None where the shape is not known.

    Returns:
      A list of pairs; empty where nothing can be cut: a scalar, or a shape that is not known.
    """
    if not shape or None in shape:
        return []
    rows = shape[0]
    per_block = max(1, BLOCK // max(1, int(np.prod(shape[1:]))))
    if per_block > ALIGNED:
        # TensorFlow takes rows as they are, without a copy, where they begin at a multiple of 64 bytes.
        per_block -= per_block % ALIGNED
    return [(start, min(rows, start + per_block)) for start in range(0, rows, per_block)]
