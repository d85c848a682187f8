"""Builders of structure: which weights are one unit of an LSTM, a GRU, a highway layer, or an embedding.

The names follow the paper (section 3): one *ISS component* is one unit with its gates, its
recurrent row and the rows of its consumers. Unlike the original code the builders accept any input
size, any number of consumers at any offset, and carry the biases, so that removal is exact.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from sparse_rnn.groups import Slice, UnitGroup


@dataclass(frozen=True)
class Consumer:
    """A variable that reads the units: unit k is index ``start + k`` along ``axis``."""

    variable: str
    axis: int = 0
    start: int = 0
    multiplier: float = 1.0

    def shifted(self, offset: int) -> "Consumer":
        """The same consumer for units that begin ``offset`` indices further on."""
        return Consumer(self.variable, self.axis, self.start + offset, self.multiplier)


def lstm_units(
    name: str,
    kernel: str,
    bias: Optional[str],
    input_size: int,
    units: int,
    consumers: Sequence[Consumer] = (),
    states: Sequence[str] = (),
) -> UnitGroup:
    """The units of one LSTM layer laid out as TensorFlow's BasicLSTMCell.

    Args:
      name: name of the group.
      kernel: name of the matrix ``[input_size + units, 4 * units]``, input rows first, columns in
        the gate order i, j, f, o.
      bias: name of the vector ``[4 * units]``, or None for a layer without one.
      input_size: width of the layer's input; any, not only ``units``.
      units: number of units n.
      consumers: what reads the hidden state.
      states: names of carried state variables ``[batch, units]``.

    Returns:
      The group: 4 gate slices, 1 recurrent slice, 4 bias slices, 1 per consumer and state.

    >>> group = lstm_units("lstm", "cell/kernel", "cell/bias", 300, 200, [Consumer("softmax_w")])
    >>> group.size, [part.start for part in group.select(["recurrent", "consumer"])]
    (200, [300, 0])
    """
    return UnitGroup(
        name,
        units,
        _columns(kernel, bias, blocks=4, units=units)
        + (Slice(kernel, 0, input_size, "recurrent"),)
        + _consumed(consumers)
        + _carried(states),
    )


def gru_units(
    name: str,
    gates_kernel: str,
    gates_bias: Optional[str],
    candidate_kernel: str,
    candidate_bias: Optional[str],
    input_size: int,
    units: int,
    consumers: Sequence[Consumer] = (),
    states: Sequence[str] = (),
) -> UnitGroup:
    """The units of one GRU layer laid out as TensorFlow's GRUCell.

    Args:
      name: name of the group.
      gates_kernel: name of ``[input_size + units, 2 * units]`` (reset and update gate).
      gates_bias: name of ``[2 * units]``, or None.
      candidate_kernel: name of ``[input_size + units, units]``.
      candidate_bias: name of ``[units]``, or None.
      input_size: width of the layer's input.
      units: number of units n.
      consumers: what reads the hidden state.
      states: names of carried state variables ``[batch, units]``.

    >>> group = gru_units("gru", "g/kernel", "g/bias", "c/kernel", "c/bias", 7, 5)
    >>> [(part.variable, part.start) for part in group.select(["recurrent"])]
    [('g/kernel', 7), ('c/kernel', 7)]
    """
    return UnitGroup(
        name,
        units,
        _columns(gates_kernel, gates_bias, blocks=2, units=units)
        + _columns(candidate_kernel, candidate_bias, blocks=1, units=units)
        + (Slice(gates_kernel, 0, input_size, "recurrent"), Slice(candidate_kernel, 0, input_size, "recurrent"))
        + _consumed(consumers)
        + _carried(states),
    )


def rhn_units(
    name: str,
    h: Sequence[Tuple[str, Optional[str]]],
    t: Sequence[Tuple[str, Optional[str]]],
    input_size: int,
    units: int,
    consumers: Sequence[Consumer] = (),
    states: Sequence[str] = (),
) -> UnitGroup:
    """The units of one recurrent highway layer, whose width all its cells share.

    Args:
      name: name of the group.
      h, t: for each cell the names of its matrix and its bias (or None). The first matrix is
        ``[input_size + units, units]``, input rows first, the others are ``[units, units]``.
      input_size: width of the layer's input.
      units: number of units n.
      consumers: what reads the state. In a tied model these are the embedding (axis 1) and the input rows of the
        layer's own first matrices, which count as recurrent.
      states: names of carried state variables ``[batch, units]``.

    Returns:
      The group: for each matrix a gate, a recurrent and a bias slice, and 1 slice per consumer and state.

    >>> tied = [Consumer("embedding", axis=1), Consumer("h_0"), Consumer("t_0")]
    >>> group = rhn_units("rhn", [("h_0", "hb_0"), ("h_1", "hb_1")], [("t_0", "tb_0"), ("t_1", "tb_1")], 5, 5, tied)
    >>> [(part.variable, part.start) for part in group.select(["recurrent"])]
    [('h_0', 5), ('t_0', 5), ('h_1', 0), ('t_1', 0), ('h_0', 0), ('t_0', 0)]
    """
    written: List[Slice] = []
    recurrent: List[Slice] = []
    for cell, pair in enumerate(zip(h, t)):
        for matrix, bias in pair:
            written += _columns(matrix, bias, blocks=1, units=units)
            recurrent.append(Slice(matrix, 0, 0 if cell else input_size, "recurrent"))
    own = [matrix for matrix, _ in list(h) + list(t)]
    read = [
        Slice(part.variable, part.axis, part.start, "recurrent", part.multiplier) if part.variable in own else part
        for part in _consumed(consumers)
    ]
    return UnitGroup(name, units, tuple(written + recurrent + read) + _carried(states))


def bidirectional_lstm_units(
    name: str,
    kernels: Tuple[str, str],
    biases: Tuple[Optional[str], Optional[str]],
    input_size: int,
    units: Tuple[int, int],
    consumers: Sequence[Consumer] = (),
) -> List[UnitGroup]:
    """Two groups, ``<name>_fw`` and ``<name>_bw``, of a layer whose output is ``[forward, backward]``.

    Args:
      name: common part of the two names.
      kernels: names of the forward and backward matrices.
      biases: names of the forward and backward biases.
      input_size: width of the layer's input.
      units: number of forward and of backward units.
      consumers: what reads the concatenated output; ``start`` is where the forward half begins.
    """
    starts = (0, units[0])
    return [
        lstm_units(
            "{}_{}".format(name, direction),
            kernel,
            bias,
            input_size,
            size,
            [reader.shifted(start) for reader in consumers],
        )
        for direction, kernel, bias, size, start in zip(("fw", "bw"), kernels, biases, units, starts)
    ]


def input_units(name: str, embedding: str, units: int, consumers: Sequence[Consumer]) -> UnitGroup:
    """The columns of an embedding ``[vocabulary, units]`` with the rows that read them.

    The paper leaves the embedding alone; cutting these units out shrinks the first layer's input as well.

    >>> group = input_units("embedding", "Model/embedding", 8, [Consumer("cell_0/kernel")])
    >>> [(part.role, part.axis) for part in group.slices]
    [('gate', 1), ('consumer', 0)]
    """
    return UnitGroup(name, units, (Slice(embedding, 1, 0, "gate"),) + _consumed(consumers))


def _columns(kernel: str, bias: Optional[str], blocks: int, units: int) -> Tuple[Slice, ...]:
    starts = [block * units for block in range(blocks)]
    columns = tuple(Slice(kernel, 1, start, "gate") for start in starts)
    return columns + (tuple(Slice(bias, 0, start, "bias") for start in starts) if bias else ())


def _consumed(consumers: Sequence[Consumer]) -> Tuple[Slice, ...]:
    return tuple(Slice(part.variable, part.axis, part.start, "consumer", part.multiplier) for part in consumers)


def _carried(states: Sequence[str]) -> Tuple[Slice, ...]:
    return tuple(Slice(state, 1, 0, "state") for state in states)
