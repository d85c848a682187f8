"""Rules of operations that sum: products, convolutions, reductions, softmax and the losses over it.

A sum over units reads them. Where a weight stands between, it is the reader; anything else needs all units.
"""

import numpy as np

from sparse_rnn.discovery.values import Unfollowed, Value, without_zero


def rules():
    """Operation type -> rule."""
    found = {
        "ArgMax": _index_along("picks the largest of its inputs by number"),
        "ArgMin": _index_along("picks the smallest of its inputs by number"),
        "AvgPool": pool,
        "BatchMatMul": matmul,
        "BatchMatMulV2": matmul,
        "BatchMatMulV3": matmul,
        "Conv2D": convolution,
        "Cumprod": cumulative,
        "Cumsum": cumulative,
        "Einsum": einsum,
        "FusedBatchNorm": batch_norm,
        "FusedBatchNormV2": batch_norm,
        "FusedBatchNormV3": batch_norm,
        "InTopK": in_top,
        "InTopKV2": in_top,
        "L2Loss": l2_loss,
        "LogSoftmax": softmax,
        "MatMul": matmul,
        "MaxPool": pool,
        "Softmax": softmax,
        "SoftmaxCrossEntropyWithLogits": cross_entropy,
        "SparseSoftmaxCrossEntropyWithLogits": cross_entropy,
        "Sum": total,
        "TopKV2": top,
    }
    reasons = {
        "All": "tests all of its inputs at once",
        "Any": "tests all of its inputs at once",
        "EuclideanNorm": "takes the norm across the units",
        "Max": "takes the largest across the units",
        "Mean": "averages across the units",
        "Min": "takes the smallest across the units",
        "Prod": "multiplies the units with each other",
    }
    found.update({op: _reduction(reason) for op, reason in reasons.items()})
    return found


def matmul(step):
    """``[..., a, c] * [..., c, b]``: the weights of c read, b is written."""
    first, second = step.tensor(0), step.tensor(1)
    flipped = [
        step.attribute(plain, "b") or step.attribute(adjoint, "b")
        for plain, adjoint in (("transpose_a", "adj_x"), ("transpose_b", "adj_y"))
    ]
    *batch, row, inner = first.dims
    *other_batch, counterpart, column = second.dims
    if flipped[0]:
        row, inner = inner, row
    if flipped[1]:
        counterpart, column = column, counterpart
    step.contract(first, inner, second, counterpart)
    pure = first.pure and second.pure
    outer = [_kept(row, pure), _kept(column, pure)]
    return [Value(_broadcast(step, batch, other_batch) + outer, pure)]


def einsum(step):
    """Products written in letters; a letter that is not in the result is summed over."""
    equation = step.attribute("equation", "s").decode()
    left, arrow, right = equation.replace(" ", "").partition("->")
    names, values = left.split(","), step.tensors()
    if not arrow or "." in equation or len(values) != 2 or any(len(set(each)) < len(each) for each in names):
        raise Unfollowed("multiplies in a way that is not followed ({})".format(equation))
    first, second = (dict(zip(letters, value.dims)) for letters, value in zip(names, values))
    for letter in first:
        if letter in second and letter in right:
            step.tie(first[letter], second[letter])
        elif letter in second:
            step.contract(values[0], first[letter], values[1], second[letter])
    for letter, dimension in list(first.items()) + list(second.items()):
        if letter not in right and not (letter in first and letter in second):
            _sum_over(step, dimension)
    pure = all(value.pure for value in values)
    return [Value([_kept(dict(second, **first)[letter], pure) for letter in right], pure)]


def convolution(step):
    """``[B, h, w, c] * [i, j, c, b]``; places in the image and in the filter have to stay."""
    image, kernel = step.tensor(0), step.tensor(1)
    channel = _channel(step)
    lengths = step.lengths()
    for dimension in kernel.dims[:2]:
        step.pin(dimension, "moves a window over the indices")
    if step.classes.length(image.dims[channel]) != step.classes.length(kernel.dims[2]):
        raise Unfollowed("convolves groups of channels")
    step.contract(image, image.dims[channel], kernel, kernel.dims[2])
    dims = _windowed(step, image, lengths, (0, channel))
    dims[channel] = without_zero(kernel.dims[3])
    return [Value(dims)]


def pool(step):
    """A window moves over the places of an image, channel by channel."""
    image = step.tensor(0)
    channel = _channel(step)
    windows = list(step.attribute("ksize", "list").i)
    if windows[0] != 1 or windows[channel] != 1:
        raise Unfollowed("pools over channels or examples")
    return [Value(_windowed(step, image, step.lengths(), (0, channel)))]


def batch_norm(step):
    """``(x [B, h, w, c], scale [c], offset [c], mean, variance)``: every channel is normalised by itself."""
    image, *vectors = step.tensors()
    channel = _channel(step)
    for vector in vectors:
        if step.classes.length(vector.dims[0]):  # mean and variance are empty while training
            step.tie(image.dims[channel], vector.dims[0])
    for axis, dimension in enumerate(image.dims):
        if axis != channel:
            step.pin(dimension, "averages over the indices")
    dims = [without_zero(dimension) for dimension in image.dims]
    further = [step.fresh_value(number) for number in range(5, step.scope.outputs(step.node))]
    return [Value(dims)] + [Value([dims[channel]]) for _ in range(4)] + further


def _channel(step):
    """The axis of the channels of an image."""
    layout = step.attribute("data_format", "s") or b"NHWC"
    if layout not in (b"NHWC", b"NCHW"):
        raise Unfollowed("lays out images as {}, which is not followed".format(layout.decode()))
    return layout.index(b"C")


def _windowed(step, image, lengths, kept):
    dims = []
    for axis, (dimension, length) in enumerate(zip(image.dims, lengths)):
        if axis in kept:
            dims.append(without_zero(dimension))
        else:
            step.pin(dimension, "moves a window over the indices")
            dims.append(step.fresh(length, "moves a window over the indices"))
    return dims


def total(step):
    """A sum reads what it sums over, through the weights that make it zero."""
    return _reduce(step, lambda dimension: _sum_over(step, dimension))


def l2_loss(step):
    """Half the sum of all squares."""
    for dimension in step.tensor(0).dims:
        _sum_over(step, dimension)
    return [Value([])]


def softmax(step):
    """Every index takes part in the sum that all are divided by."""
    value = step.tensor(0)
    step.pin(value.dims[-1], "normalises across its inputs")
    return [Value([without_zero(dimension) for dimension in value.dims])]


def cross_entropy(step):
    """``loss [B]`` and its gradient ``[B, V]`` of logits ``[B, V]`` and of labels ``[B]`` or ``[B, V]``."""
    logits, labels = step.tensors()
    step.pin(logits.dims[1], "normalises across its inputs")
    for dimension, label in zip(logits.dims, labels.dims):
        if step.classes.length(dimension) != 1 and step.classes.length(label) != 1:
            step.tie(dimension, label)
    dims = [without_zero(dimension) for dimension in logits.dims]
    return [Value(dims[:1]), Value(dims)]


def cumulative(step):
    """Sums along the order of the indices."""
    value = step.tensor(0)
    step.pin(value.dims[int(step.constant(1))], "adds up along the indices")
    return [Value([without_zero(dimension) for dimension in value.dims])]


def top(step):
    """The largest along the last axis."""
    *dims, last = step.tensor(0).dims
    step.pin(last, "picks the largest of its inputs")
    dims = [without_zero(dimension) for dimension in dims]
    length = step.lengths()[-1]
    return [Value(dims + [step.fresh(length, "sorts its inputs")]) for _ in range(2)]


def in_top(step):
    """Whether the right class is among the largest."""
    predictions, targets = step.tensor(0), step.tensor(1)
    step.pin(predictions.dims[1], "picks the largest of its inputs by number")
    step.tie(predictions.dims[0], targets.dims[0])
    return [Value([without_zero(targets.dims[0])])]


def _index_along(reason):
    def rule(step):
        value = step.tensor(0)
        dims = [without_zero(dimension) for dimension in value.dims]
        step.pin(dims.pop(int(step.constant(1))), reason)
        return [Value(dims)]

    return rule


def _reduction(reason):
    return lambda step: _reduce(step, lambda dimension: step.pin(dimension, reason))


def _reduce(step, read):
    value = step.tensor(0)
    rank = len(value.dims)
    axes = {int(axis) % rank for axis in np.ravel(step.constant(1))} if rank else set()
    keep = step.attribute("keep_dims", "b")
    dims = []
    for axis, dimension in enumerate(value.dims):
        if axis not in axes:
            dims.append(dimension)
            continue
        if step.classes.length(dimension) != 1:
            read(dimension)
        if keep:
            dims.append(step.fresh(1))
    return [Value(dims, value.pure)]


def _sum_over(step, dimension):
    for segment in step.classes.expand(dimension):
        if segment.zero:
            step.analysis.reads.update((variable, axis, segment.node) for variable, axis in segment.zero)
        else:
            step.pin((segment,), "sums activations over the units, with no weight of theirs between")


def _kept(dimension, pure):
    return dimension if pure else without_zero(dimension)


def _broadcast(step, batch, other):
    """The leading axes of a product, aligned at the last."""
    longer, shorter = (batch, other) if len(batch) >= len(other) else (other, batch)
    dims = [without_zero(dimension) for dimension in longer]
    for place, dimension in enumerate(shorter, len(longer) - len(shorter)):
        if step.classes.length(dims[place]) == 1:
            dims[place] = without_zero(dimension)
        elif step.classes.length(dimension) != 1:
            step.tie(dims[place], dimension)
    return dims
