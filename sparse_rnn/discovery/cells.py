"""Rules of TensorFlow's fused recurrent cells, whose kernels are laid out as those of the cells in the open."""

from sparse_rnn.discovery.values import Value, without_zero


def rules():
    """Operation type -> rule."""
    return {
        "BlockLSTM": block_lstm,
        "BlockLSTMV2": block_lstm,
        "GRUBlockCell": gru_block_cell,
        "LSTMBlockCell": lstm_block_cell,
    }


def lstm_block_cell(step):
    """``(x, cs_prev, h_prev, w [in + n, 4n], wci, wcf, wco, b)``: seven tensors ``[B, n]``."""
    inputs, memory, hidden, kernel, *rest = step.tensors()
    state = _lstm(step, inputs, memory, hidden, kernel, rest)
    return [Value(state)] * 7


def block_lstm(step):
    """``(seq_len_max, x [T, B, in], cs_prev, h_prev, w, wci, wcf, wco, b)``: seven tensors ``[T, B, n]``."""
    _, inputs, memory, hidden, kernel, *rest = step.tensors()
    state = _lstm(step, Value(inputs.dims[1:]), memory, hidden, kernel, rest)
    return [Value([without_zero(inputs.dims[0])] + state)] * 7


def _lstm(step, inputs, memory, hidden, kernel, rest):
    """Tie the units of the state with the four blocks of columns and the last rows of the kernel."""
    *peepholes, bias = rest
    batch, units = _state(step, hidden)
    step.tie_all(memory, hidden)
    _product(step, inputs, hidden, kernel, 4)
    for diagonal in peepholes:
        step.tie(diagonal.dims[0], units)
    _written(step, units, kernel, bias, 4)
    return [batch, units]


def gru_block_cell(step):
    """``(x, h_prev, w_ru [in + n, 2n], w_c [in + n, n], b_ru, b_c)``: four tensors ``[B, n]``."""
    inputs, hidden, gates, candidate, gates_bias, candidate_bias = step.tensors()
    batch, units = _state(step, hidden)
    for kernel, bias, blocks in ((gates, gates_bias, 2), (candidate, candidate_bias, 1)):
        _product(step, inputs, hidden, kernel, blocks)
        _written(step, units, kernel, bias, blocks)
    return [Value([batch, units])] * 4


def _state(step, hidden):
    batch, units = hidden.dims
    return without_zero(batch), without_zero(units)


def _product(step, inputs, hidden, kernel, blocks):
    """``[x, h] * kernel``, whose columns are written in so many blocks of n."""
    units = step.classes.length(kernel.dims[1]) // blocks
    rows = step.cut(kernel.dims[0], [step.classes.length(kernel.dims[0]) - units, units])
    step.tie(inputs.dims[0], hidden.dims[0])
    for value, part in zip((inputs, hidden), rows):
        step.contract(value, value.dims[1], kernel, part)


def _written(step, units, kernel, bias, blocks):
    size = step.classes.length(kernel.dims[1]) // blocks
    for dimension in (kernel.dims[1], bias.dims[0]):
        for block in step.cut(dimension, [size] * blocks):
            step.tie(units, block)
