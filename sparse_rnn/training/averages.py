"""Moving averages of the weights: kept while training, used in their place afterwards (Polyak averaging).

The average of a variable is another variable, ``<variable>/ExponentialMovingAverage``, as TensorFlow's own class calls
it; it is in the checkpoint and shrinks with its variable when units are cut out.
"""

import numpy as np

from sparse_rnn.compat import tf, variables_by_name

SUFFIX = "/ExponentialMovingAverage"


def after(train_op, variables, decay, step):
    """An operation that runs ``train_op`` and then moves every average towards its variable.

    ``average = d * average + (1 - d) * variable``, where d is ``decay``, and less while there are few updates t to
    average over: ``min(decay, (1 + t) / (10 + t))``.

    Args:
      train_op: the operation that updates, and zeroes, the variables.
      variables: what to average; a variable with the average of each is made.
      decay: share of the average that stays at each update in the long run.
      step: the variable that counts updates, counted up by ``train_op``.

    Returns:
      An operation to run in place of ``train_op``.
    """
    with tf.control_dependencies([train_op]):
        updates = tf.cast(step.read_value(), tf.float32)
        stays = tf.minimum(decay, (1 + updates) / (10 + updates))
        moves = []
        for variable in variables:
            average = tf.get_variable(
                variable.op.name + SUFFIX,
                initializer=variable.initial_value,
                trainable=False,
                use_resource=True,
            )
            new = stays * average.read_value() + (1 - stays) * variable.read_value()
            moves.append(tf.assign(average, new).op)
        return tf.group(*moves)


def of(arrays):
    """A checkpoint's weights with their averages in place of them.

    A weight that is zero stays zero: its average still fades, but what training cut off is not read again. Arrays
    without an average, and every average itself, stay as they are.

    Args:
      arrays: ``{variable name: array}``.

    >>> found = of({"w": np.array([0.0, 2.0]), "w/ExponentialMovingAverage": np.array([0.5, 1.5]), "given": np.ones(2)})
    >>> found["w"], found["given"]
    (array([0. , 1.5]), array([1., 1.]))
    """
    return {
        name: np.where(array == 0, array, arrays[name + SUFFIX]) if name + SUFFIX in arrays else array
        for name, array in arrays.items()
    }


def read(variables):
    """What :func:`of` gives, within a graph that keeps averages: tensors in place of a nest of variables."""
    by_name = variables_by_name(tf.global_variables())

    def value(variable):
        if variable is None:
            return None
        weight = variable.read_value()
        return tf.where(tf.equal(weight, 0), weight, by_name[variable.op.name + SUFFIX].read_value())

    return tf.nest.map_structure(value, variables)


def begun(arrays, names):
    """What a new run is to start from: the arrays and, of those that ``names`` lists, averages that equal them.

    Args:
      arrays: ``{variable name: array}``.
      names: the variables that training keeps averages of; those without an array begin as ever.
    """
    return dict(arrays, **{name + SUFFIX: arrays[name] for name in names if name in arrays})
