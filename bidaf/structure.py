"""BiDAF's units: which slices of which variables belong to one unit, and all that reads it.

The paper's six groups are ``g0_fw`` to ``g2_bw`` (ModFwd1 to OutBwd). Its group files leave out that the output layer
also reads the attended vector, a sum of g1 over the context, in rows of its own; with them removal is exact. Beyond the
paper there are the encoder ``u1_fw``, ``u1_bw``, the word vectors' columns ``word``, the channels of the character
convolution ``char_5`` and the columns of what it reads, ``char_vector``.
"""

from typing import Any, Dict, List, Mapping

from bidaf import variables
from bidaf.variables import (
    BIAS,
    CHAR_EMBEDDING,
    CHAR_GROUP,
    DIRECTIONS,
    ENCODER,
    GLOVE,
    OUTPUT,
    WORD_EMBEDDING,
    WORD_GROUP,
)
from sparse_rnn.groups import Slice, UnitGroup
from sparse_rnn.iss import Consumer, lstm_units

#: Starts, in encoder widths, of the rows of the score's weights that the encoder's outputs meet.
_SCORED = {"tri_linear": (0, 1, 2), "linear": (0, 1), "mul_linear": (0,), "double": (0, 1)}


def structure(options: Any, word_size: int) -> List[UnitGroup]:
    """The complete structure of a model.

    Args:
      options: the model section of the config.
      word_size: width of a given word vector.

    The encoder is left out where attention adds up its units, or their products, without a weight for each (logits
    ``dot``, ``sum``, ``proj``): there no weight could be zero to say that a unit is not read.
    """
    units = variables.sizes(options, word_size)
    found = _features(options, units)
    if options.logits in _SCORED:
        found += _encoder(options, units)
    if options.logits == "double":
        found.append(_score(units))
    readers = {"g0": _readers_of_g0(), "g1": _readers_of_g1(options, units), "g2": [Consumer(variables.answer(2))]}
    for layer in variables.MODELLING + (OUTPUT,):
        for direction in DIRECTIONS:
            found.append(_lstm(options, units, [layer], direction, readers[layer]))
    return found


def all_groups(options: Any) -> List[str]:
    """Names of the groups that :func:`structure` gives."""
    return [group.name for group in structure(options, 1)]


def _lstm(
    options: Any, units: Mapping[str, int], layers: List[str], direction: str, readers: List[Consumer]
) -> UnitGroup:
    """One direction of one layer, or of two whose units are tied; ``readers`` say where the pair's output begins."""
    name = variables.group(layers[-1], direction)
    shift = 0 if direction == "fw" else units[variables.group(layers[-1], "fw")]
    cells = [
        lstm_units(
            name,
            variables.cell(layer, direction),
            variables.cell(layer, direction, BIAS),
            variables.input_width(options, units, layer),
            units[name],
        )
        for layer in layers
    ]
    read = [Slice(each.variable, each.axis, each.start + shift, "consumer") for each in readers]
    return UnitGroup(name, units[name], sum((each.slices for each in cells), ()) + tuple(read))


def _readers_of_g0() -> List[Consumer]:
    return [Consumer(variables.cell("g1", reader)) for reader in DIRECTIONS]


def _readers_of_g1(options: Any, units: Mapping[str, int]) -> List[Consumer]:
    """Its own output, the attended vector, and the product of both, behind what attention mixed."""
    mixed, width = variables.input_width(options, units, "g0"), variables.pair(units, "g1")
    read = [
        Consumer(variables.cell(OUTPUT, reader), start=mixed + part * width)
        for part in range(3)
        for reader in DIRECTIONS
    ]
    return [Consumer(variables.answer(1))] + read


def _encoder(options: Any, units: Mapping[str, int]) -> List[UnitGroup]:
    width = variables.pair(units, ENCODER)
    score = variables.attention("first")
    read = [Consumer(score, start=part * width) for part in _SCORED[options.logits]]
    # Everything above reads h, u_a, h * u_a and h * h_a, which share the encoder's units.
    places = {variables.cell(layer, reader): 0 for layer in ("g0", OUTPUT) for reader in DIRECTIONS}
    places.update({variables.answer(which): variables.pair(units, "g{}".format(which)) for which in (1, 2)})
    for variable, start in places.items():
        read += [Consumer(variable, start=start + part * width) for part in range(variables.mixed_parts(options))]
    return [_lstm(options, units, variables.encoders(options), direction, read) for direction in DIRECTIONS]


def _features(options: Any, units: Mapping[str, int]) -> List[UnitGroup]:
    """Character channels and word columns: they go through the highway side by side, each beside itself."""
    found, start = [_char_vectors(options, units)] if options.use_chars else [], 0
    for name in variables.feature_groups(options):
        slices = _feature_sources(options)[name]
        for layer in range(options.highway_layers):
            for path in ("trans", "gate"):
                kernel, bias = variables.highway(layer, path), variables.highway(layer, path, BIAS)
                slices += [Slice(kernel, 1, start, "gate"), Slice(kernel, 0, start, "recurrent")]
                slices.append(Slice(bias, 0, start, "bias"))
        for layer in variables.encoders(options):
            slices += [Slice(variables.cell(layer, reader), 0, start, "consumer") for reader in DIRECTIONS]
        found.append(UnitGroup(name, units[name], tuple(slices)))
        start += units[name]
    return found


def _char_vectors(options: Any, units: Mapping[str, int]) -> UnitGroup:
    """The columns of the characters' vectors, which the convolutions read."""
    written = (Slice(CHAR_EMBEDDING, 1, 0, "gate"),)
    read = tuple(Slice(variables.conv(height), 2, 0, "consumer") for height in options.char_heights)
    return UnitGroup(CHAR_GROUP, units[CHAR_GROUP], written + read)


def _feature_sources(options: Any) -> Dict[str, List[Slice]]:
    """What writes the features of each group."""
    sources = {
        variables.char_group(height): [
            Slice(variables.conv(height), 3, 0, "gate"),
            Slice(variables.conv(height, BIAS), 0, 0, "bias"),
        ]
        for height in options.char_heights
    }
    given = "gate" if options.train_word_vectors else "state"
    sources[WORD_GROUP] = [Slice(WORD_EMBEDDING, 1, 0, "gate"), Slice(GLOVE, 1, 0, given)]
    return sources


def _score(units: Mapping[str, int]) -> UnitGroup:
    """The hidden layer of the ``double`` score."""
    first, second = (variables.attention(step) for step in ("first", "second"))
    return UnitGroup(
        variables.ATTENTION_GROUP,
        units[variables.ATTENTION_GROUP],
        (
            Slice(first, 1, 0, "gate"),
            Slice(variables.attention("first", BIAS), 0, 0, "bias"),
            Slice(second, 0, 0, "consumer"),
        ),
    )
