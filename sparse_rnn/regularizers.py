"""Penalties that push weights, rows, columns and whole units to zero (paper, section 3).

Each function returns a scalar to add to the loss. The constant 1e-8 stands inside every root, once per
group, so that the gradient exists at zero; the formulas are the original code's to the letter.

The gradient of a norm is the group itself over its norm. So a matrix's gradient is the matrix times one factor per row,
one per column, or their sum, and it is formed that way, in two passes over the weights whatever the number of slices,
or in one loop where they are large.
"""

import collections
import functools
import operator

import numpy as np

from sparse_rnn import groups as groups_lib
from sparse_rnn.blocks import row_blocks
from sparse_rnn.compat import static_shape, static_shapes, tf, variables_by_name
from sparse_rnn.custom_gradient import custom_gradient
from sparse_rnn.errors import UserError
from sparse_rnn.fusion import fused

EPSILON = 1e-8

_Term = collections.namedtuple("_Term", ["parts", "size", "factor"])
_Term.__doc__ = "``size`` groups, each a line of every Slice in ``parts``, and the factor on the sum of their norms."


def l1(variables, strength):
    """``strength * sum |w|`` over every element of ``variables``."""
    return strength * _sum([_absolute_sum(variable) for variable in variables])


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
    return _lines(variables, strength, 0, scale_by_size)


def columns(variables, strength, scale_by_size=False):
    """Group Lasso with one group per column: ``strength * sum_j sqrt(sum_i W_ij^2 + 1e-8)``; see :func:`rows`."""
    return _lines(variables, strength, 1, scale_by_size)


def units(unit_groups, strength, variables=None, scale_by_size=False):
    """Group Lasso over whole units, the paper's ISS penalty.

    For a group whose slices s have the multipliers m_s and give unit k the weights W_s[k]::

        strength * sum_k sqrt( sum_s m_s * ||W_s[k]||^2 + 1e-8 )

    Slices with role gate, recurrent and consumer take part, biases do not. An element in two slices of its
    own unit (a recurrent row crosses the unit's gate columns) counts twice, as in the original.

    Args:
      unit_groups: a UnitGroup or several.
      strength: lambda, or a list with one for each group.
      variables: where to find the groups' variables; by default the trainable ones of the default graph.
      scale_by_size: multiply each unit's root by the square root of its number of weights, those that count
        twice counted twice.

    Raises:
      UserError: a variable of a group does not exist or its shape does not fit; there is nothing to penalise.
    """
    if isinstance(unit_groups, groups_lib.UnitGroup):
        unit_groups = [unit_groups]
    by_name = variables_by_name(variables)
    shapes = static_shapes(by_name)
    unit_groups = groups_lib.resolved(unit_groups, shapes)
    return _weighted([_units(group, shapes, scale_by_size) for group in unit_groups], by_name, strength)


def _absolute_sum(variable):
    @custom_gradient
    def absolute_sum(value):
        def gradient(d_sum):
            return [fused(lambda weights, slope: tf.sign(weights) * slope, value, d_sum)]

        return [tf.add_n([tf.reduce_sum(tf.abs(block)) for block in _blocks(value)])], gradient

    return absolute_sum(tf.convert_to_tensor(variable))[0]


def _units(group, shapes, scale_by_size):
    parts = group.select(groups_lib.PENALISED)
    if not parts:
        raise UserError(
            "group '{}' has only biases, which no penalty acts on; give it other slices.".format(group.name)
        )
    per_unit = sum(_elements_per_index(shapes[part.variable], part.axis) for part in parts)
    return _Term(parts, group.size, float(np.sqrt(per_unit)) if scale_by_size else 1.0)


def _lines(variables, strength, axis, scale_by_size):
    """One group per index along ``axis``."""
    by_name = variables_by_name(variables)
    terms = []
    for name, shape in static_shapes(by_name).items():
        if len(shape) != 2:
            raise UserError("'{}' has shape {}; row and column penalties need a matrix.".format(name, list(shape)))
        factor = float(np.sqrt(shape[1 - axis])) if scale_by_size else 1.0
        terms.append(_Term([groups_lib.Slice(name, axis, 0, "gate")], shape[axis], factor))
    return _weighted(terms, by_name, strength)


def _weighted(terms, by_name, strength):
    strengths = strength if isinstance(strength, (list, tuple)) else [strength] * len(terms)
    if len(strengths) != len(terms):
        raise UserError("there are {} strengths for {} groups; give one for each.".format(len(strengths), len(terms)))
    return _sum([each * term.factor * norms for each, term, norms in zip(strengths, terms, _norms(terms, by_name))])


def _norms(terms, by_name):
    """The sum of the norms of each term's groups, a list of scalars."""
    if not terms:
        return []
    names = list(dict.fromkeys(part.variable for term in terms for part in term.parts))

    @custom_gradient
    def norms(*values):
        squares = _LineSquares(dict(zip(names, values)))
        of_groups = [
            tf.sqrt(tf.add_n([part.multiplier * squares.of(part, term.size) for part in term.parts]) + EPSILON)
            for term in terms
        ]

        def gradient(*d_sums):
            factors = _LineFactors(static_shapes(by_name))
            for term, each, d_sum in zip(terms, of_groups, d_sums):
                for part in term.parts:
                    factors.add(part, part.multiplier * d_sum / each)
            return [factors.times(name, value) for name, value in zip(names, values)]

        return [tf.reduce_sum(each) for each in of_groups], gradient

    return norms(*[tf.convert_to_tensor(by_name[name]) for name in names])


class _LineSquares:
    """Sums of squares along a variable's lines, each computed once however many slices need it."""

    def __init__(self, values):
        self._values = values
        self._squares = {}
        self._sums = {}

    def of(self, part, size):
        key = (part.variable, part.axis)
        if key not in self._sums:
            self._sums[key] = self._summed(*key)
        return self._sums[key][part.start : part.start + size]

    def _summed(self, variable, axis):
        blocks = self._blocks(variable)
        others = [other for other in range(len(static_shape(blocks[0]))) if other != axis]
        sums = [tf.reduce_sum(block, axis=others) for block in blocks]
        return tf.concat(sums, axis=0) if axis == 0 else tf.add_n(sums)

    def _blocks(self, variable):
        """The squares of all elements, in blocks of rows: what several sums read stays in the processor's cache."""
        if variable not in self._squares:
            self._squares[variable] = [tf.square(block) for block in _blocks(self._values[variable])]
        return self._squares[variable]


class _LineFactors:
    """What the lines of each variable are multiplied with in its gradient, summed over slices."""

    def __init__(self, shapes):
        self._shapes = shapes
        self._factors = {}

    def add(self, part, factor):
        """``factor [units]`` for the lines of one slice."""
        behind = self._shapes[part.variable][part.axis] - part.start - static_shape(factor)[0]
        line = tf.pad(factor, [[part.start, behind]])
        self._factors.setdefault((part.variable, part.axis), []).append(line)

    def times(self, name, value):
        """The value of one variable, each element times the factors of its lines."""
        axes = range(len(self._shapes[name]))
        along = [
            tf.reshape(tf.add_n(lines), [-1 if other == axis else 1 for other in axes])
            for (variable, axis), lines in self._factors.items()
            if variable == name
        ]
        return fused(lambda weights, *factors: weights * functools.reduce(operator.add, factors), value, *along)


def _blocks(value):
    ranges = row_blocks(static_shape(value))
    return [value[start:stop] for start, stop in ranges] if ranges else [value]


def _sum(terms):
    if not terms:
        raise UserError(
            "there is nothing to penalise: no variable and no group was given; if discover found none, print what it "
            "gives: it says why."
        )
    return tf.add_n(terms)


def _elements_per_index(shape, axis):
    return int(np.prod(shape)) // shape[axis]
