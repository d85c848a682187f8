"""Keep zeros at zero while the rest of the model learns on.

``element`` holds every weight that is zero now; ``group`` holds units all of whose penalised weights
are zero, with their biases. Biases are born at zero and hold no sparsity, so ``element`` leaves
variables of rank 0 and 1 alone (the original froze them for ever).
"""

from sparse_rnn import groups as groups_lib
from sparse_rnn import names
from sparse_rnn.compat import static_shape, static_shapes, tf, variables_by_name
from sparse_rnn.errors import UserError

MODES = ("element", "group")


def mask(grads_and_vars, mode, structure=None):
    """Gradients that are zero wherever a weight is to stay zero.

    Args:
      grads_and_vars: pairs as ``optimizer.compute_gradients`` or ``zip(gradients, variables)`` gives them.
      mode: "element" or "group".
      structure: the UnitGroups; needed for "group".

    Returns:
      The pairs with masked gradients; pairs without a gradient are passed on.

    Raises:
      UserError: an unknown mode; "group" without a structure, or with one that does not fit the variables.
    """
    grads_and_vars = list(grads_and_vars)
    return _masked_pairs(grads_and_vars, keep_masks([variable for _, variable in grads_and_vars], mode, structure))


def apply_gradients(optimizer, grads_and_vars, mode, structure=None, global_step=None):
    """``optimizer.apply_gradients`` that leaves zeros at zero whatever momentum the optimiser carries.

    A masked gradient is enough for plain SGD. Adam and momentum go on moving a weight after its gradient
    has gone, so here what stays is put back after the update, in the same run.

    Args:
      optimizer: any ``tf.train.Optimizer``.
      grads_and_vars, mode, structure: as for :func:`mask`.
      global_step: counted up by one, if given.

    Returns:
      The train operation.
    """
    grads_and_vars = list(grads_and_vars)
    by_name = variables_by_name([variable for gradient, variable in grads_and_vars if gradient is not None])
    keep = keep_masks(by_name.values(), mode, structure)
    # Not all that stays is zero: the biases of a zero unit keep their values.
    resting = {name: by_name[name].read_value() * (1 - mask) for name, mask in keep.items()}
    with tf.control_dependencies(list(keep.values()) + list(resting.values())):
        update = optimizer.apply_gradients(_masked_pairs(grads_and_vars, keep), global_step=global_step)
    with tf.control_dependencies([update]):
        held = [
            tf.assign(by_name[name], by_name[name].read_value() * mask + resting[name]).op
            for name, mask in keep.items()
        ]
    return tf.group(update, *held)


def keep_masks(variables, mode, structure=None):
    """``{variable name: tensor of ones and zeros, broadcast to the variable}``: 0 where a weight stays zero.

    Variables of which nothing is held are absent. See :func:`mask` for the arguments.
    """
    if mode not in MODES:
        raise names.unknown(mode, MODES, "freezing", "mode")
    by_name = variables_by_name(variables)
    if mode == "element":
        return {
            name: tf.cast(tf.not_equal(variable.read_value(), 0), variable.dtype.base_dtype)
            for name, variable in by_name.items()
            if len(static_shape(variable)) > 1
        }
    if structure is None:
        raise UserError("freezing whole units needs the structure: pass structure=[...] with mode='group'.")
    return _group_masks(by_name, structure)


def _group_masks(by_name, structure):
    # A unit is judged by all its weights, also by those that are not trained here.
    known = dict(variables_by_name(), **by_name)
    keep = {}
    for group in groups_lib.resolved(structure, static_shapes(known)):
        penalised = group.select(groups_lib.PENALISED)
        alive = tf.reduce_any([_nonzero_units(known[part.variable], part, group.size) for part in penalised], axis=0)
        for part in group.slices:
            if part.variable in by_name:
                line = _line_mask(by_name[part.variable], part, group.size, alive)
                keep[part.variable] = keep[part.variable] * line if part.variable in keep else line
    return keep


def _nonzero_units(variable, part, size):
    others = [axis for axis in range(len(static_shape(variable))) if axis != part.axis]
    return tf.reduce_any(tf.not_equal(variable.read_value(), 0), axis=others)[part.start : part.start + size]


def _line_mask(variable, part, size, alive):
    """``alive`` at the slice's indices and 1 elsewhere, shaped to broadcast along the slice's axis."""
    shape = static_shape(variable)
    dtype = variable.dtype.base_dtype
    line = tf.concat(
        [
            tf.ones([part.start], dtype),
            tf.cast(alive, dtype),
            tf.ones([shape[part.axis] - part.start - size], dtype),
        ],
        axis=0,
    )
    return tf.reshape(line, [-1 if axis == part.axis else 1 for axis in range(len(shape))])


def _masked_pairs(grads_and_vars, keep):
    return [
        (_masked(gradient, keep[variable.op.name]), variable)
        if gradient is not None and variable.op.name in keep
        else (gradient, variable)
        for gradient, variable in grads_and_vars
    ]


def _masked(gradient, keep):
    if isinstance(gradient, tf.IndexedSlices):
        gathered = gradient.values * _rows_of(keep, gradient.indices)
        return tf.IndexedSlices(gathered, gradient.indices, gradient.dense_shape)
    return gradient * keep


def _rows_of(keep, indices):
    """The mask's rows for a sparse gradient; a mask that is the same for all rows serves as it is."""
    return keep if static_shape(keep)[0] == 1 else tf.gather(keep, indices)
