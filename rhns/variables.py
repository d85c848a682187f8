"""Names and shapes of the highway network's variables and unit groups, called as in the original code.

So its checkpoints and its group files (``groups_hidden830.json``) can be read by name.
"""

from typing import Any, Dict, List, Tuple

EMBEDDING = "model/embedding"
SOFTMAX_W = "model/softmax_w"
SOFTMAX_B = "model/softmax_b"
#: The group of the embedding's columns, where they are not those of the softmax.
EMBEDDING_GROUP = "embedding"


def matrix(layer: int, kind: str, cell: int) -> str:
    """The matrix of ``kind`` h or t of one cell; layers and cells are counted from 0."""
    return "model/RHN{}/{}_{}/Linear/Matrix".format(layer, kind, cell)


def bias(layer: int, kind: str, cell: int) -> str:
    """The bias ``[n]`` that goes with :func:`matrix`."""
    return "model/RHN{}/{}_{}/Linear/Bias".format(layer, kind, cell)


def group(layer: int) -> str:
    """The group of one layer's units."""
    return "rhn_{}".format(layer)


def all_groups(layers: int, tied: bool) -> List[str]:
    """The groups of a model; in a tied one the embedding's columns are units of the last layer.

    >>> all_groups(1, tied=True), all_groups(2, tied=False)
    (['rhn_0'], ['rhn_0', 'rhn_1', 'embedding'])
    """
    return [group(layer) for layer in range(layers)] + ([] if tied else [EMBEDDING_GROUP])


def embedding_size(options: Any, vocabulary_size: int) -> int:
    """Width of the word vectors where the config leaves it open.

    A tied model's are as wide as its last layer. Otherwise the original's rule holds: as wide as the first layer, but
    not wider than the vocabulary, where one number for each symbol is enough.

    Args:
      options: the model section of the config.
      vocabulary_size: number of words or characters.
    """
    if options.tied:
        return options.hidden_sizes[-1]
    if options.embedding_size is not None:
        return options.embedding_size
    return min(options.hidden_sizes[0], vocabulary_size)


def shapes(options: Any, vocabulary_size: int) -> Dict[str, Tuple[int, ...]]:
    """The shape of each weight, in the order in which they are made.

    Args:
      options: the model section of the config.
      vocabulary_size: number of words or characters.

    >>> from types import SimpleNamespace
    >>> found = shapes(SimpleNamespace(hidden_sizes=(5,), depth=2, tied=True), 11)
    >>> found[EMBEDDING], found[matrix(0, "t", 0)], found[matrix(0, "t", 1)]
    ((11, 5), (10, 5), (5, 5))
    """
    width = embedding_size(options, vocabulary_size)
    found: Dict[str, Tuple[int, ...]] = {EMBEDDING: (vocabulary_size, width)}
    for layer, units in enumerate(options.hidden_sizes):
        for cell in range(options.depth):
            for kind in "ht":
                found[matrix(layer, kind, cell)] = (units if cell else width + units, units)
                found[bias(layer, kind, cell)] = (units,)
        width = units
    if not options.tied:
        found[SOFTMAX_W] = (width, vocabulary_size)
    found[SOFTMAX_B] = (vocabulary_size,)
    return found
