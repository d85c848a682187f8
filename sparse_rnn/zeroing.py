"""Zeroing of small weights right after the update (paper, section 3: stabilises sparsity).

Group Lasso brings weights near zero but rarely to it. After every update each weight with
``|w| < threshold`` is set to 0, in the same run of the train op and ordered after the update, so that no
weight ever rests in (0, threshold) and evaluation never has to touch one. Rows that an update leaves alone
can be passed over; see :func:`after`.
"""

from sparse_rnn.blocks import row_blocks
from sparse_rnn.compat import static_shape, tf
from sparse_rnn.fusion import fused

#: How the types of operations begin that read or write some rows of a resource variable.
_SPARSE_ACCESS = ("ResourceGather", "ResourceScatter", "ResourceSparseApply")


def small(variables, threshold):
    """An operation that sets every element with ``|w| < threshold`` of ``variables`` to exactly 0."""
    return tf.group(*[_zero_small(variable, threshold) for variable in variables])


def after(train_op, variables, threshold, changed_rows=None):
    """A train operation that runs ``train_op`` and then zeroes small weights.

    Args:
      train_op: the operation that updates the variables.
      variables: what to zero; every variable may take part, penalised or not.
      threshold: elements with absolute value strictly below it become 0.
      changed_rows: ``{variable name: indices}`` of the rows that ``train_op`` changes, for variables of which it leaves
        all others as they are, as plain SGD does with an embedding. Only these rows of a resource variable are zeroed,
        unless they are known to be as many as it has: run :func:`small` before training, and after anything else that
        stores into the variable.

    Returns:
      An operation to run in place of ``train_op``.
    """
    rows = changed_rows or {}
    with tf.control_dependencies([train_op]):
        return tf.group(*[_zero_small(variable, threshold, rows.get(variable.op.name)) for variable in variables])


def _zero_small(variable, threshold, rows=None):
    blocks = row_blocks(static_shape(variable)) if _is_accessed_sparsely(variable) else []
    if not blocks:
        return tf.assign(variable, fused(lambda value: _zeroed(value, threshold), variable.read_value())).op
    if rows is not None:
        rows = tf.convert_to_tensor(rows)
        if (rows.shape.num_elements() or 0) < static_shape(variable)[0]:
            return _zero_rows(variable, rows, threshold)
    return tf.group(*[_zero_rows(variable, tf.range(*block), threshold) for block in blocks])


def _is_accessed_sparsely(variable):
    """Whether something reads or writes some rows of a resource variable, as an embedding's lookup and update do.

    TensorFlow copies such a variable wherever it is read or assigned whole; its rows are read and written in place.
    """
    outputs = getattr(variable.op, "outputs", ())  # a variable of several devices has none
    return any(op.type.startswith(_SPARSE_ACCESS) for output in outputs for op in output.consumers())


def _zero_rows(variable, rows, threshold):
    zeroed = _zeroed(tf.gather(variable, rows), threshold)
    return tf.raw_ops.ResourceScatterUpdate(resource=variable.handle, indices=rows, updates=zeroed)


def _zeroed(value, threshold):
    # Two comparisons hold at the bounds and for what is no number in XLA's loops as well; an absolute value and
    # ApproximateEqual do not.
    return tf.where(tf.logical_and(-threshold < value, value < threshold), tf.zeros_like(value), value)
