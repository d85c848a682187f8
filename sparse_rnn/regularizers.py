"""Penalties that push weights, rows, columns and whole units to zero (paper, section 3).

Each function returns a scalar to add to the loss. The constant 1e-8 stands inside every root, once per
group, so that the gradient exists at zero; the formulas are the original code's to the letter.
"""

import numpy as np

from sparse_rnn import groups as groups_lib
from sparse_rnn.compat import static_shape, static_shapes, tf, variables_by_name
from sparse_rnn.errors import UserError

EPSILON = 1e-8


def l1(variables, strength):
    """``strength * sum |w|`` over every element of ``variables``."""
    return strength * _sum([tf.reduce_sum(tf.abs(variable)) for variable in variables])


def l2(variables, strength):
    """Weight decay: ``strength * sum w^2 / 2`` over every element of ``variables``; it makes no zeros."""
    return strength * _sum([tf.nn.l2_loss(variable) for variable in variables])


def rows(variables, strength, scale_by_size=False):
    """Group Lasso with one group per row of each matrix ``W [a, b]``.

    ``strength * sum_i sqrt(sum_j W_ij^2 + 1e-8)``

    Args:
      variables: matrices.
      strength: lambda.
      scale_by_size: multiply each group by the square root of its number of elements.

    Raises:
      UserError: a variable is not a matrix; there is no variable.
    """
    return _lines(variables, strength, 1, scale_by_size)


def columns(variables, strength, scale_by_size=False):
    """Group Lasso with one group per column: ``strength * sum_j sqrt(sum_i W_ij^2 + 1e-8)``; see :func:`rows`."""
    return _lines(variables, strength, 0, scale_by_size)


def units(unit_groups, strength, variables=None, scale_by_size=False):
    """Group Lasso over whole units, the paper's ISS penalty.

    For a group whose slices s have the multipliers m_s and give unit k the weights W_s[k]::

        strength * sum_k sqrt( sum_s m_s * ||W_s[k]||^2 + 1e-8 )

    Slices with role gate, recurrent and consumer take part, biases do not. An element in two slices of its
    own unit (a recurrent row crosses the unit's gate columns) counts twice, as in the original.

    Args:
      unit_groups: a UnitGroup or several.
      strength: lambda.
      variables: where to find the groups' variables; by default the trainable ones of the default graph.
      scale_by_size: multiply each unit's root by the square root of its number of weights, those that count
        twice counted twice.

    Raises:
      UserError: a variable of a group does not exist or its shape does not fit; there is nothing to penalise.
    """
    if isinstance(unit_groups, groups_lib.UnitGroup):
        unit_groups = [unit_groups]
    by_name = variables_by_name(variables)
    unit_groups = groups_lib.resolved(unit_groups, static_shapes(by_name))
    line_squares = _LineSquares(by_name)
    return strength * _sum([_units(group, line_squares, by_name, scale_by_size) for group in unit_groups])


def _units(group, line_squares, by_name, scale_by_size):
    parts = group.select(groups_lib.PENALISED)
    if not parts:
        raise UserError(
            "group '{}' has only biases, which no penalty acts on; give it other slices.".format(group.name)
        )
    squares = tf.add_n([part.multiplier * line_squares.of(part, group.size) for part in parts])
    norms = tf.reduce_sum(tf.sqrt(squares + EPSILON))
    if not scale_by_size:
        return norms
    per_unit = sum(_elements_per_index(by_name[part.variable], part.axis) for part in parts)
    return float(np.sqrt(per_unit)) * norms


class _LineSquares:
    """Sums of squares along a variable's lines, each computed once however many slices need it."""

    def __init__(self, by_name):
        self._by_name = by_name
        self._squares = {}
        self._sums = {}

    def of(self, part, size):
        key = (part.variable, part.axis)
        if key not in self._sums:
            if part.variable not in self._squares:
                self._squares[part.variable] = tf.square(self._by_name[part.variable])
            square = self._squares[part.variable]
            others = [axis for axis in range(len(static_shape(square))) if axis != part.axis]
            self._sums[key] = tf.reduce_sum(square, axis=others)
        return self._sums[key][part.start : part.start + size]


def _lines(variables, strength, summed_axis, scale_by_size):
    terms = []
    for variable in variables:
        shape = static_shape(variable)
        if len(shape) != 2:
            raise UserError(
                "'{}' has shape {}; row and column penalties need a matrix.".format(variable.op.name, shape)
            )
        norms = tf.reduce_sum(tf.sqrt(tf.reduce_sum(tf.square(variable), axis=summed_axis) + EPSILON))
        terms.append(float(np.sqrt(shape[summed_axis])) * norms if scale_by_size else norms)
    return strength * _sum(terms)


def _sum(terms):
    if not terms:
        raise UserError("there is nothing to penalise: no variable and no group was given.")
    return tf.add_n(terms)


def _elements_per_index(variable, axis):
    shape = static_shape(variable)
    return int(np.prod(shape)) // shape[axis]
