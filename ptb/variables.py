"""Names of the language model's variables and unit groups.

The variables are called as TensorFlow's own cells call theirs in the tutorial and the original code, so that
checkpoints and group files of either can be read by name.
"""

from typing import Any, Dict, List, Tuple

EMBEDDING = "Model/embedding"
SOFTMAX_W = "Model/softmax_w"
SOFTMAX_B = "Model/softmax_b"
#: The group of the embedding's columns.
EMBEDDING_GROUP = "embedding"


def kernel(layer: int) -> str:
    """The matrix ``[in + n, 4n]`` of one layer, counted from 0."""
    return "Model/RNN/multi_rnn_cell/cell_{}/basic_lstm_cell/kernel".format(layer)


def bias(layer: int) -> str:
    """The vector ``[4n]`` of one layer, counted from 0."""
    return "Model/RNN/multi_rnn_cell/cell_{}/basic_lstm_cell/bias".format(layer)


def group(layer: int) -> str:
    """The group of one layer's units."""
    return "lstm_{}".format(layer)


def all_groups(layers: int) -> List[str]:
    """The groups of a model with this many layers.

    >>> all_groups(2)
    ['lstm_0', 'lstm_1', 'embedding']
    """
    return [group(layer) for layer in range(layers)] + [EMBEDDING_GROUP]


def all_variables(layers: int) -> List[str]:
    """The weights of a model with this many layers, in the order in which they are made."""
    cells = [name(layer) for layer in range(layers) for name in (kernel, bias)]
    return [EMBEDDING] + cells + [SOFTMAX_W, SOFTMAX_B]


def shapes(options: Any, vocabulary_size: int) -> Dict[str, Tuple[int, ...]]:
    """The shape of each weight, in the order of :func:`all_variables`.

    Args:
      options: the model section of the config.
      vocabulary_size: number of words.

    >>> from types import SimpleNamespace
    >>> found = shapes(SimpleNamespace(embedding_size=7, hidden_sizes=(5, 3)), 11)
    >>> found[kernel(1)], found[SOFTMAX_W]
    ((8, 12), (3, 11))
    """
    found: Dict[str, Tuple[int, ...]] = {EMBEDDING: (vocabulary_size, options.embedding_size)}
    width = options.embedding_size
    for layer, units in enumerate(options.hidden_sizes):
        found[kernel(layer)] = (width + units, 4 * units)
        found[bias(layer)] = (4 * units,)
        width = units
    found[SOFTMAX_W] = (width, vocabulary_size)
    found[SOFTMAX_B] = (vocabulary_size,)
    return found


def reader_of(layer: int, layers: int) -> str:
    """The matrix that reads the units of one layer: the next layer's kernel, or the softmax."""
    return kernel(layer + 1) if layer + 1 < layers else SOFTMAX_W
