"""What a network costs: its weights, and the multiply-adds it spends on one token.

Both are counted from shapes alone, so a network can be priced before it exists. These are the
columns "weights" and "mult-add reduction" of the paper's tables 1 to 4.
"""

from typing import Dict, Mapping, Tuple

import numpy as np

from sparse_rnn import groups
from sparse_rnn.errors import UserError
from sparse_rnn.groups import OUTGOING, Structure

Shapes = Mapping[str, Tuple[int, ...]]


def weight_count(shapes: Shapes) -> int:
    """Number of weights in variables of the given shapes.

    >>> weight_count({"kernel": (5, 8), "bias": (8,)})
    48
    """
    return sum(int(np.prod(shape, dtype=np.int64)) for shape in shapes.values())


def multiply_adds(shapes: Shapes, structure: Structure) -> int:
    """Multiply-adds of the matrix products that one token goes through.

    A vector times a matrix ``[a, b]`` takes ``a * b`` multiply-adds: one per element. So the sum runs
    over the sizes of the distinct matrices that some unit is multiplied with, those in which a group has
    a recurrent or consumer slice. For the stacked LSTM of the paper's table 1, with layers of a and b
    units, that is ``(1500 + a) * 4a + (a + b) * 4b + 10000 b``. Looking up an embedding multiplies nothing:
    a matrix of which a group owns only gate slices is free, until it is tied to the output layer.
    Elementwise work (gates, biases) is of lower order and not counted, as in the paper.

    Args:
      shapes: shapes of the variables; those that the structure says nothing of are not counted.
      structure: the structure of the model.

    >>> from sparse_rnn import iss
    >>> layer = iss.lstm_units("lstm", "kernel", "bias", 3, 2, [iss.Consumer("softmax_w")])
    >>> multiply_adds({"kernel": (5, 8), "bias": (8,), "softmax_w": (2, 10)}, [layer])
    60
    """
    return weight_count({name: shapes[name] for name in groups.variables_of(structure, OUTGOING)})


def shrunk_shapes(shapes: Shapes, structure: Structure, kept: Mapping[str, int]) -> Dict[str, Tuple[int, ...]]:
    """The shapes that are left once every group has only ``kept`` of its units.

    Args:
      shapes: shapes of the variables.
      structure: the structure of the model.
      kept: group name -> number of units that stay; a group that is not named keeps all.

    Raises:
      UserError: no group has that name, or it has not that many units.

    >>> from sparse_rnn import iss
    >>> layer = iss.lstm_units("lstm", "kernel", "bias", 3, 2)
    >>> shrunk_shapes({"kernel": (5, 8), "bias": (8,)}, [layer], {"lstm": 1})
    {'kernel': (4, 4), 'bias': (4,)}
    """
    removed = {name: groups.find(structure, name, "kept").size - number for name, number in kept.items()}
    shrunk = {name: list(shape) for name, shape in shapes.items()}
    for group in structure:
        lost = removed.get(group.name, 0)
        if not 0 <= lost < group.size:
            raise UserError(
                "group '{}' has {} units, so from 1 to {} can be kept, not {}.".format(
                    group.name, group.size, group.size, group.size - lost
                )
            )
        for part in group.slices:
            if part.variable in shrunk:
                shrunk[part.variable][part.axis] -= lost
    return {name: tuple(shape) for name, shape in shrunk.items()}
