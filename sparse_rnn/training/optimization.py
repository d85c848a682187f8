"""One training step: gradients of cost and penalty, clipping, update, freezing, zeroing, running totals."""

import collections

from sparse_rnn import freezing, zeroing
from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.training import averages, penalties
from sparse_rnn.training.options import match_names

TrainingStep = collections.namedtuple(
    "TrainingStep", ["run", "finite", "learning_rate", "global_step", "totals", "begin_epoch", "seconds"]
)
TrainingStep.__doc__ = """What the training loop runs.

Attributes:
  run: the operation of one step.
  finite: scalar bool, whether this step's cost and gradient are finite numbers.
  learning_rate: placeholder, fed at every step.
  global_step: variable, number of updates done.
  totals: ``{"cost": ..., "penalty": ...}``, variables with the sums over this epoch's steps.
  begin_epoch: operation that sets the totals, the seconds and the carried state to zero, and zeroes small weights
    where steps do so only in the rows that they change.
  seconds: variable that keeps the epoch's training time across an interruption.
"""


def global_step():
    """The variable that counts updates; made on first use in a graph."""
    # A resource, which TensorFlow 1 does not make it by itself: reading a variable of the old kind after an update may
    # give the number before it, and averages would depend on that.
    with tf.variable_scope(tf.get_variable_scope(), use_resource=True):
        return tf.train.get_or_create_global_step()


def training_step(cost, train, sparsity, structure, carried=(), average_decay=0.0):
    """Build the step that minimises ``cost`` plus the config's penalties over the variables that are to be trained.

    Args:
      cost: scalar, the cost of one batch.
      train: the config's section of that name.
      sparsity: the config's section of that name.
      structure: the model's UnitGroups.
      carried: pairs (variable, tensor): the recurrent state that passes to the next step, zero when an epoch begins.
      average_decay: keep a moving average of every trainable variable, see :mod:`sparse_rnn.training.averages`; 0 keeps
        none.

    Returns:
      A TrainingStep. Everything it needs to go on later is in the graph's global variables.
    """
    penalty = penalties.total(sparsity, structure) + penalties.weight_decay(train)
    learning_rate = tf.placeholder(tf.float32, [], "learning_rate")
    by_name = variables_by_name()
    variables = [by_name[name] for name in match_names(train.variables, list(by_name), "train.variables")]
    # Gradients are computed where the forward pass was, so that each of several towers has its own.
    gradients = tf.gradients(cost + penalty, variables, colocate_gradients_with_ops=True)
    norm = tf.global_norm(gradients)
    optimizer, clipped = _clipped(train, learning_rate, gradients, norm)
    update = _update(optimizer, list(zip(clipped, variables)), sparsity, structure)
    rows = _changed_rows(train, zip(gradients, variables))
    update, begin = _zeroing(update, sparsity, by_name, rows)
    if average_decay > 0:
        update = averages.after(update, by_name.values(), average_decay, global_step())
    totals = {"cost": (_counter("cost", tf.float64), cost), "penalty": (_counter("penalty", tf.float64), penalty)}
    seconds = _counter("seconds", tf.float64)
    sums = [tf.assign_add(total, tf.cast(value, tf.float64)).op for total, value in totals.values()]
    carry = [tf.assign(variable, value).op for variable, value in carried]
    resets = [variable for variable, _ in carried] + [total for total, _ in totals.values()] + [seconds]
    return TrainingStep(
        run=tf.group(update, *(sums + carry)),
        finite=tf.is_finite(cost + penalty + norm),
        learning_rate=learning_rate,
        global_step=global_step(),
        totals={name: total for name, (total, _) in totals.items()},
        begin_epoch=tf.group(begin, *[tf.assign(variable, tf.zeros_like(variable)).op for variable in resets]),
        seconds=seconds,
    )


def _clipped(train, learning_rate, gradients, norm):
    """The optimiser, and the gradients clipped to ``train.max_grad_norm``, if there is a limit."""
    limit = train.max_grad_norm
    if train.optimizer == "adam":
        if limit is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, limit, use_norm=norm)
        return tf.train.AdamOptimizer(learning_rate), gradients
    if limit is not None:
        # SGD's step is proportional to the gradient, so its rate takes the factor: one pass over all weights less.
        learning_rate *= limit / tf.maximum(norm, limit)
    return tf.train.GradientDescentOptimizer(learning_rate), gradients


def _update(optimizer, grads_and_vars, sparsity, structure):
    if sparsity.freeze == "none":
        return optimizer.apply_gradients(grads_and_vars, global_step=global_step())
    return freezing.apply_gradients(
        optimizer, grads_and_vars, sparsity.freeze, structure=structure, global_step=global_step()
    )


def _changed_rows(train, grads_and_vars):
    """``{variable name: indices}`` of the rows that a step changes, where it changes no others; Adam moves them all."""
    if train.optimizer == "adam":
        return {}
    return {
        variable.op.name: gradient.indices
        for gradient, variable in grads_and_vars
        if isinstance(gradient, tf.IndexedSlices)
    }


def _zeroing(update, sparsity, by_name, changed_rows):
    """``update`` with zeroing after it, and what has to be zeroed before, once, where steps pass rows over."""
    threshold = sparsity.active_threshold
    if threshold == 0:
        return update, tf.no_op()
    names = match_names(sparsity.zero_variables, list(by_name), "sparsity.zero_variables")
    update = zeroing.after(update, [by_name[name] for name in names], threshold, changed_rows)
    return update, zeroing.small([by_name[name] for name in names if name in changed_rows], threshold)


def _counter(name, dtype):
    return tf.get_variable(
        "Train/totals/" + name, [], dtype, tf.zeros_initializer(), trainable=False, use_resource=True
    )
