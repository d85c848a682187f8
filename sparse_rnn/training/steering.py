"""Steers the strength of the penalties of units while training, so that a wanted number of units or weights is left.

Under group Lasso a unit goes one of two ways: the data holds it, or its norm falls, by the learning rate times the
excess of the strength over the pull of the data, until it lies far below those that are held. So the norms show what
the strength of now will come to long before units are dead: each norm is followed on along its last change, and the
units that would still stand are counted. The strength is raised while these are too many, and lowered where they are
too few: a dead unit does not return. Time is counted as the sum of the learning rates, so these need not be constant.
"""

import math
from dataclasses import replace

from sparse_rnn import cost, groups, sparsity
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice
from sparse_rnn.training import penalties, schedules

#: How often the strength is adjusted.
PER_EPOCH = 4
#: Units are counted as they will stand when the first share of all learning is done, later the second share ahead.
AIM, AHEAD = 0.6, 0.3
#: A norm below this share of the largest stands no more: the data holds units at far more, noise at far less.
STANDS = 0.01
#: Change of the strength's logarithm for the logarithm of what is too much, and its limit.
GAIN, STEEPEST = 0.5, 0.5

_NORMS = "Train/target/norms/{}"
_STEP, _FORESEEN = "Train/target/step", "Train/target/foreseen"
#: Columns of metrics.csv.
COLUMNS = ("strength_factor", "foreseen")


def remembering(build):
    """``build``, whose Task also carries the norms of its units from one adjustment to the next, which shrink along."""

    def built(sizes):
        task = build(sizes)
        for group in task.structure:
            _variable(_NORMS.format(group.name), [group.size], tf.float32)
        _variable(_STEP, [], tf.int64, -1)
        _variable(_FORESEEN, [], tf.float32)
        return replace(task, structure=[_remembered(group) for group in task.structure])

    return built


class Steering:
    """Adjusts the strength of one training.

    Args:
      experiment: the config; ``sparsity.target`` is set.
      built: the Built of the model that training begins with, its build a :func:`remembering` one.

    Raises:
      UserError: the model never has so many units or weights.
    """

    def __init__(self, experiment, built):
        self._train, self._target = experiment.train, experiment.sparsity.target
        structure, self._steps_per_epoch = built.task.structure, built.task.steps_per_epoch
        self._names = penalties.steered_groups(experiment.sparsity, structure)
        sizes = {name: built.sizes()[name] for name in self._names}
        self._least = self._count(built.shapes(), structure, dict.fromkeys(sizes, 1))
        self._check(self._count(built.shapes(), structure, sizes))

    def before(self, done, built):
        """Adjust the strength where it is time to, and this was not done yet: called before each step.

        Args:
          done: number of updates so far.
          built: the Built.
        """
        if (done % self._steps_per_epoch) % max(self._steps_per_epoch // PER_EPOCH, 1):
            return
        state = built.arrays([penalties.FACTOR, _STEP])
        if state[_STEP] != done:
            self._adjust(done, built, state)

    def columns(self, built):
        """What an epoch's row says of it."""
        state = built.arrays([penalties.FACTOR, _FORESEEN])
        return dict(zip(COLUMNS, (float(state[penalties.FACTOR]), float(state[_FORESEEN]))))

    def _adjust(self, done, built, state):
        structure = built.task.structure
        steered = [groups.find(structure, name, "sparsity.target") for name in self._names]
        weights = built.weights()
        norms = {group.name: sparsity.norms(weights, group) for group in steered}
        found = {_NORMS.format(name): values for name, values in norms.items()}
        before, found[_STEP] = int(state[_STEP]), done
        if before >= 0:
            earlier = built.arrays([_NORMS.format(name) for name in norms])
            foreseen = self._count(groups.shapes_of(weights), structure, self._standing(norms, earlier, before, done))
            excess = math.log((foreseen - self._least + 1) / (self._wanted - self._least + 1))
            change = min(max(GAIN * excess, -STEEPEST), STEEPEST)
            found.update({penalties.FACTOR: state[penalties.FACTOR] * math.exp(change), _FORESEEN: foreseen})
        built.load_at_once(found)

    def _standing(self, norms, earlier, before, done):
        """``{group: units}`` that stand once the norms have gone on as they do; a layer keeps at least one."""
        passed = self._learning(done) - self._learning(before)
        everything = self._learning(self._train.epochs * self._steps_per_epoch)
        ahead = max(AIM * everything - self._learning(done), AHEAD * everything)
        floor = STANDS * max(values.max() for values in norms.values())
        expected = {
            name: values + (values - earlier[_NORMS.format(name)]) * (ahead / passed) for name, values in norms.items()
        }
        return {name: max(int((values > floor).sum()), 1) for name, values in expected.items()}

    def _learning(self, steps):
        """The sum of the learning rates of the first so many steps."""
        epochs, rest = divmod(steps, self._steps_per_epoch)
        rates = [schedules.learning_rate(self._train, epoch) for epoch in range(epochs + 1)]
        return sum(rates[:-1]) * self._steps_per_epoch + rates[-1] * rest

    @property
    def _wanted(self):
        return self._target.weights if self._target.units is None else self._target.units

    def _count(self, shapes, structure, kept):
        """Units of the steered groups, or weights of the model, that are left of it with ``kept``."""
        if self._target.units is not None:
            return sum(kept.values())
        return cost.weight_count(cost.shrunk_shapes(shapes, structure, kept))

    def _check(self, most):
        if not self._least <= self._wanted < most:
            what = "weights" if self._target.units is None else "units"
            raise UserError(
                "sparsity.target.{} is {:,}; with the penalties on {} the model can have from {:,} to {:,}.".format(
                    what, self._wanted, ", ".join(self._names), self._least, most - 1
                )
            )


def _remembered(group):
    return replace(group, slices=group.slices + (Slice(_NORMS.format(group.name), 0, 0, "state"),))


def _variable(name, shape, dtype, value=0):
    return tf.get_variable(name, shape, dtype, tf.constant_initializer(value), trainable=False, use_resource=True)
