"""Cutting dead units out of a model while it trains.

Every group has a mask over its original units among the variables, so sizes, weights and optimiser slots of a
checkpoint always go together, and a checkpoint says by itself how its model has to be built. Everything is counted
by the model that training began with, so the numbers of a run mean the same whether it shrinks or not.
"""

import os
import time
from dataclasses import dataclass
from typing import Any, Dict

import numpy as np

from sparse_rnn import checkpoints, compaction, files, group_files, sparsity
from sparse_rnn.compat import static_shapes, tf, variables_by_name
from sparse_rnn.groups import Structure
from sparse_rnn.training import proof
from sparse_rnn.training.built import Built
from sparse_rnn.training.run_directory import KEPT, MASKS, STRUCTURE


@dataclass(frozen=True)
class Trained:
    """A trained model, as it is and as the one that training began with; the two are alike where nothing was cut.

    Attributes:
      weights: ``{name: array}`` of the trainable variables.
      structure: the UnitGroups.
      expanded: the weights at the original sizes, zero where units were cut out.
      original: the original UnitGroups.
    """

    weights: Dict[str, Any]
    structure: Structure
    expanded: Dict[str, Any]
    original: Structure

    @property
    def sizes(self):
        """``{group: units}`` as they are."""
        return {group.name: group.size for group in self.structure}

    @property
    def shrank(self):
        """Whether units were cut out."""
        return any(self.sizes[group.name] < group.size for group in self.original)

    def report(self):
        """The :class:`sparse_rnn.sparsity.Report` of what is left of the original model."""
        return sparsity.report(self.expanded, self.original, list(self.expanded))


class Shrinking:
    """Builds the model at the sizes that it has come to.

    Args:
      build: maps ``{group: units}`` to a Task, as for :class:`sparse_rnn.training.loop.Training`.
      every: epochs between two cuts; 0 never cuts.
      device: as for :class:`sparse_rnn.training.built.Built`.
    """

    def __init__(self, build, every, device):
        self._build, self._every, self._device = build, every, device
        self._original = self._shapes = None

    @property
    def is_on(self):
        """Whether dead units are ever cut out."""
        return self._every > 0

    def built_at(self, sizes):
        """The model with ``{group: units}``; groups that are not named have the experiment's size.

        The first call must be for ``{}``: what it builds is the model that all others are counted by.
        """
        return Built(lambda: self._task(sizes), self._device)

    def built_for(self, run, built):
        """``built``; where the newest checkpoint of ``run`` holds a model of other sizes, that one in its place."""
        if not self.is_on or not os.path.exists(run.file("checkpoint")):
            return built
        sizes = sizes_in(checkpoints.read(run.path, self._masks()), self._original)
        if sizes == built.sizes():
            return built
        built.close()
        return self.built_at(sizes)

    def is_due(self, epochs):
        """Whether dead units are to be cut out after so many epochs."""
        return self.is_on and epochs > 0 and epochs % self._every == 0

    def without_dead_units(self, built, run):
        """The same function without dead units.

        Args:
          built: the Built; it is left as it is.
          run: the RunDirectory.

        Returns:
          ``(built, difference)``: a new Built and the largest ``|difference|`` of a score on real text; the old one and
          0 where no unit is dead.

        Raises:
          Inexact: the smaller model is not the same function.
        """
        begun = time.time()
        arrays, sizes = _cut(built.arrays(), built.task.structure, self._original)
        if sizes == built.sizes():
            return built, 0.0
        after = self.built_at(sizes)
        after.begin(run)
        after.load(arrays)
        compared = proof.compare(*(each.task.scores(each.session) for each in (built, after)))
        changes = ", ".join(
            "{} {} -> {}".format(name, size, sizes[name]) for name, size in built.sizes().items() if sizes[name] < size
        )
        if not compared.same:
            after.close()
            raise Inexact(changes, compared.largest)
        run.say(
            "dead units are cut out: {}; largest |logit difference| {:.2g}; {:.1f} s".format(
                changes, compared.largest, time.time() - begun
            )
        )
        return after, compared.largest

    def trained(self, built):
        """The Trained model of a Built."""
        weights = built.weights()
        expanded = weights
        if self.is_on:
            kept = kept_in(built.arrays(self._masks()), self._original)
            expanded = compaction.expand(weights, self._original, kept, self._shapes)
        return Trained(weights, built.task.structure, expanded, self._original)

    def describe(self, built, folder):
        """Write which units the checkpoint in a folder has: structure.json, and kept.json where it may lack some."""
        group_files.save(built.task.structure, os.path.join(folder, STRUCTURE))
        if self.is_on:
            kept = kept_in(built.arrays(self._masks()), self._original)
            files.write_json(os.path.join(folder, KEPT), {name: units.tolist() for name, units in kept.items()})

    def _task(self, sizes):
        task = self._build(sizes)
        if self._original is None:
            self._original, self._shapes = task.structure, static_shapes(variables_by_name())
        if self.is_on:
            _add_masks(self._original)
        return task

    def _masks(self):
        return [MASKS + group.name for group in self._original]


class Inexact(Exception):
    """A smaller model that is not the same function.

    Attributes:
      changes: the sizes before and after, in words.
      largest: largest ``|difference|`` of a score.
    """

    def __init__(self, changes, largest):
        super().__init__(changes, largest)
        self.changes, self.largest = changes, largest


def kept_in(arrays, structure):
    """The units that are still there: ``{group: their numbers in the original model}``.

    Args:
      arrays: ``{name: array}`` of a checkpoint.
      structure: the original UnitGroups. A group without a mask of its size in the checkpoint has lost none.
    """
    kept = {}
    for group in structure:
        mask = np.asarray(arrays.get(MASKS + group.name, True))
        kept[group.name] = np.flatnonzero(mask) if mask.shape == (group.size,) else np.arange(group.size)
    return kept


def sizes_in(arrays, structure):
    """How large the model of a checkpoint is, ``{group: units}``; the arguments are those of :func:`kept_in`."""
    return {name: len(units) for name, units in kept_in(arrays, structure).items()}


def _add_masks(original):
    """Make the masks in the default graph, bool ``[units]`` for each group; at first all units are there."""
    for group in original:
        tf.get_variable(
            MASKS + group.name,
            [group.size],
            tf.bool,
            tf.ones_initializer(),
            trainable=False,
            use_resource=True,
        )


def _cut(arrays, structure, original):
    """``(arrays, {group: units})`` of all variables without the dead units, the masks adjusted."""
    small = compaction.compact(arrays, structure)
    before = kept_in(arrays, original)
    for group in original:
        stay = before[group.name][small.kept[group.name]]
        small.weights[MASKS + group.name] = np.isin(np.arange(group.size), stay)
    return small.weights, {group.name: group.size for group in small.structure}
