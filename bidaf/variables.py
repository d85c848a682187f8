"""Names, sizes and shapes of BiDAF's variables and unit groups.

The variables are called as in the original code under TensorFlow's own cells, so that checkpoints and group files of
either era can be read by name. d is the number of units of one LSTM direction, h = [forward, backward] a pair.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

CHAR_EMBEDDING = "emb/emb_var/char_emb_mat"
#: Vectors of the words that are learnt.
WORD_EMBEDDING = "emb/emb_var/word_emb_mat"
#: Vectors that are given and stay; the original fed them at every step.
GLOVE = "emb/emb_var/glove_emb_mat"
ATTENTION = "main/p0/bi_attention/u_logits"
NO_ANSWER = "main/na_bias"
KERNEL, BIAS, FILTER = "kernel", "bias", "filter"
DIRECTIONS = ("fw", "bw")
#: The encoder, which reads context and question; the two modelling layers; the output layer.
ENCODER, MODELLING, OUTPUT = "u1", ("g0", "g1"), "g2"
#: Scope of each LSTM layer.
SCOPES = {"u1": "prepro/u1", "h1": "prepro/h1", "g0": "main/g0", "g1": "main/g1", "g2": "main/g2"}
#: The unit group of the word vectors' columns.
WORD_GROUP = "word"
#: The unit group of the columns of the characters' vectors.
CHAR_GROUP = "char_vector"
#: The unit group of the hidden layer of the attention's score, where it has one.
ATTENTION_GROUP = "attention"

Shapes = Dict[str, Tuple[int, ...]]


@dataclass(frozen=True)
class Counts:
    """How many of each a model knows.

    Attributes:
      words: words whose vectors are learnt, padding and the unknown word included.
      glove: words whose vectors are given.
      chars: characters, padding and the unknown character included.
      word_size: width of a word vector.
    """

    words: int
    glove: int
    chars: int
    word_size: int


def cell(layer: str, direction: str, part: str = KERNEL) -> str:
    """A variable of one LSTM: ``kernel [in + n, 4n]`` or ``bias [4n]``.

    >>> cell("g0", "fw")
    'main/g0/fw/basic_lstm_cell/kernel'
    """
    return "{}/{}/basic_lstm_cell/{}".format(SCOPES[layer], direction, part)


def conv(height: int, part: str = FILTER) -> str:
    """A variable of the character convolution of one height: ``filter [1, height, in, out]`` or ``bias [out]``."""
    return "emb/char/conv/xx/conv1d_{}/{}".format(height, part)


def highway(layer: int, path: str, part: str = KERNEL) -> str:
    """A variable of one highway layer; ``path`` is "trans" or "gate"."""
    return "highway/highway_network/layer_{}/{}/{}".format(layer, path, part)


def answer(which: int, part: str = KERNEL) -> str:
    """A variable of the layer that scores the answer's first (1) or last (2) word."""
    return "main/logits{}/first/{}".format(which, part)


def attention(step: str, part: str = KERNEL) -> str:
    """A variable of the attention's score; ``step`` is "first", "second" or "proj"."""
    return "{}/{}/{}".format(ATTENTION, step, part)


def group(layer: str, direction: str) -> str:
    """The unit group of one LSTM direction."""
    return "{}_{}".format(layer, direction)


def char_group(height: int) -> str:
    """The unit group of the output channels of one character convolution."""
    return "char_{}".format(height)


def encoders(options: Any) -> List[str]:
    """The LSTM layers that encode the context and the question: one where they share it, else two."""
    return ["u1"] if options.share_lstm_weights else ["h1", "u1"]


def feature_groups(options: Any) -> List[str]:
    """The groups of what is known of a word before the encoder, in the order in which they stand side by side."""
    chars = [char_group(height) for height in options.char_heights] if options.use_chars else []
    return chars + [WORD_GROUP] * options.use_words


def lstm_groups() -> List[str]:
    """The groups of the LSTM layers, from the encoder up.

    >>> lstm_groups()
    ['u1_fw', 'u1_bw', 'g0_fw', 'g0_bw', 'g1_fw', 'g1_bw', 'g2_fw', 'g2_bw']
    """
    return [group(layer, direction) for layer in (ENCODER,) + MODELLING + (OUTPUT,) for direction in DIRECTIONS]


def sizes(options: Any, word_size: int) -> Dict[str, int]:
    """Group name -> number of units.

    Args:
      options: the model section of the config.
      word_size: width of a given word vector.
    """
    found = dict.fromkeys(lstm_groups(), options.hidden_size)
    if options.use_chars:
        found[CHAR_GROUP] = options.char_embedding
        found.update(zip(map(char_group, options.char_heights), options.char_channels))
    if options.use_words:
        found[WORD_GROUP] = word_size
    if options.logits == "double":
        found[ATTENTION_GROUP] = options.hidden_size
    found.update(options.units)
    return found


def pair(units: Mapping[str, int], layer: str) -> int:
    """Width of a bidirectional layer's output."""
    return sum(units[group(layer, direction)] for direction in DIRECTIONS)


def mixed_parts(options: Any) -> int:
    """How many pairs of the encoder's width stand side by side after attention: h, u_a, h * u_a and h * h_a."""
    return 4 if options.q2c else 3


def input_width(options: Any, units: Mapping[str, int], layer: str) -> int:
    """Width of what one LSTM layer reads."""
    mixed = mixed_parts(options) * pair(units, ENCODER)
    if layer in encoders(options):
        return sum(units[name] for name in feature_groups(options))
    return {"g0": mixed, "g1": pair(units, "g0"), "g2": mixed + 3 * pair(units, "g1")}[layer]


def shapes(options: Any, counts: Counts) -> Shapes:
    """The shape of each variable, in the order in which they are made; GLOVE alone is not trained by default.

    Args:
      options: the model section of the config.
      counts: the Counts.
    """
    units = sizes(options, counts.word_size)
    found = _embedding_shapes(options, units, counts)
    width = input_width(options, units, ENCODER)
    for layer in range(options.highway_layers):
        for path in ("trans", "gate"):
            found[highway(layer, path)] = (width, width)
            found[highway(layer, path, BIAS)] = (width,)
    for layer in encoders(options):
        found.update(_cell_shapes(options, units, layer))
    found.update(_attention_shapes(options, units))
    for layer in MODELLING + (OUTPUT,):
        found.update(_cell_shapes(options, units, layer))
    mixed = mixed_parts(options) * pair(units, ENCODER)
    for which, layer in ((1, "g1"), (2, "g2")):
        found[answer(which)] = (pair(units, layer) + mixed, 1)
        found[answer(which, BIAS)] = (1,)
    if options.no_answer:
        found[NO_ANSWER] = ()
    return found


def all_variables(options: Any) -> List[str]:
    """The names that :func:`shapes` gives, which do not depend on any size."""
    return list(shapes(options, Counts(1, 1, 1, 1)))


def trained(options: Any) -> List[str]:
    """The variables that are learnt: all but word vectors that are given and stay."""
    return [name for name in all_variables(options) if name != GLOVE or options.train_word_vectors]


def _embedding_shapes(options: Any, units: Mapping[str, int], counts: Counts) -> Shapes:
    found: Shapes = {}
    if options.use_chars:
        found[CHAR_EMBEDDING] = (counts.chars, units[CHAR_GROUP])
        for height in options.char_heights:
            channels = units[char_group(height)]
            found[conv(height)] = (1, height, units[CHAR_GROUP], channels)
            found[conv(height, BIAS)] = (channels,)
    if options.use_words:
        found[WORD_EMBEDDING] = (counts.words, units[WORD_GROUP])
        found[GLOVE] = (counts.glove, units[WORD_GROUP])
    return found


def _cell_shapes(options: Any, units: Mapping[str, int], layer: str) -> Shapes:
    found: Shapes = {}
    for direction in DIRECTIONS:
        # The two encoders have one group, because attention multiplies their units with each other.
        number = units[group(ENCODER if layer in encoders(options) else layer, direction)]
        found[cell(layer, direction)] = (input_width(options, units, layer) + number, 4 * number)
        found[cell(layer, direction, BIAS)] = (4 * number,)
    return found


def _attention_shapes(options: Any, units: Mapping[str, int]) -> Shapes:
    width, hidden = pair(units, ENCODER), units.get(ATTENTION_GROUP, 0)
    scores = {
        "tri_linear": {"first": (3 * width, 1)},
        "linear": {"first": (2 * width, 1)},
        "mul_linear": {"first": (width, 1)},
        "double": {"first": (2 * width, hidden), "second": (hidden, 1)},
        "proj": {"proj": (width, width)},
        "dot": {},
        "sum": {},
    }[options.logits]
    found: Shapes = {}
    for step, shape in scores.items():
        found[attention(step)] = shape
        found[attention(step, BIAS)] = shape[1:]
    return found
