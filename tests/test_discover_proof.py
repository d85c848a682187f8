"""Proof by use: whatever structure is found, cutting its dead units out leaves the function as it was."""

import hypothesis
import pytest
from hypothesis import strategies

from sparse_rnn import groups
from sparse_rnn.discovery import cells, control, reshaping, result, shapes, values, walk
from sparse_rnn.discovery.values import Value
from tests import discover_models as models

#: Their units cannot be removed one by one.
PINNED = ("dot_attention", "normalised", "numbered", "rolled", "sized", "summed")


@pytest.mark.parametrize("end", models.ENDS)
@pytest.mark.parametrize("kind", sorted(set(models.LAYERS) - set(PINNED)))
def test_units_of_a_layer_and_of_what_is_above_and_below_can_be_removed(kind, end):
    structure, removed = models.prove([("dense", 6), (kind, 4), ("dense", 3)], end, seed=2)
    assert removed >= len(structure) >= 3 - (kind == "softmaxed")


@pytest.mark.parametrize("kind", PINNED)
def test_units_that_are_not_independent_are_left_as_they_are(kind):
    structure, _ = models.prove([("dense", 6), (kind, 4), ("dense", 3)], "softmax", seed=2)
    named = [part.variable for group in structure for part in group.slices if part.role != "consumer"]
    assert "layer_0/kernel" not in named and "layer_2/kernel" in named
    assert any(("layer_0/kernel", 1, 0) in pinned.places for pinned in structure.pinned)


@pytest.mark.parametrize(
    "kind", ["attention", "gru", "highway", "lstm_loop", "lstm_ours", "lstm_unrolled", "normalised"]
)
def test_training_operations_change_nothing(kind):
    layers = [("dense", 6), (kind, 4)]
    for seed in (0, 1):  # variables as handles and as references
        bare, _ = models.discovered(layers, "tied", seed)
        trained, arrays = models.discovered(layers, "tied", seed, train=True)
        assert list(trained) == list(bare)
        assert trained.pinned == bare.pinned
        groups.check(trained, groups.shapes_of(arrays))


LAYERS = strategies.lists(
    strategies.tuples(strategies.sampled_from(sorted(models.LAYERS)), strategies.integers(2, 5)), min_size=1, max_size=4
)


@hypothesis.settings(max_examples=12, deadline=None, derandomize=True, database=None)
@hypothesis.given(layers=LAYERS, end=strategies.sampled_from(models.ENDS), seed=strategies.integers(0, 1000))
def test_any_stack_of_layers_computes_the_same_without_its_dead_units(layers, end, seed):
    models.prove(layers, end, seed)


def first_operand(step):
    return [step.tensor(0)]


def backwards(step):
    made = shapes.concat(step)[0]
    axis = int(step.constant(len(step.inputs) - 1))
    made.dims[axis] = made.dims[axis][::-1]
    return [made]


def same_shape(step):
    return [Value(step.tensor(0).dims)]


def blocks_untied(reshape, dimension, blocks, size):
    return reshape._step.fresh(blocks), reshape._step.cut(dimension, [size] * blocks)[0]


def inputs_only(step, inputs, hidden, kernel, blocks):
    rows = step.cut(kernel.dims[0], [step.classes.length(each.dims[1]) for each in (inputs, hidden)])
    step.contract(inputs, inputs.dims[1], kernel, rows[0])


def unpinned(analysis, step, why):
    return [step.fresh_value(number) for number in range(step.scope.outputs(step.node))]


def kept_dimensions(step):
    value = step.tensor(0)
    axes = [int(axis) % len(value.dims) for axis in step.constant(1).ravel()]
    return [Value([step.fresh(1) if axis in axes else each for axis, each in enumerate(value.dims)])]


def tied_only(step, one, dimension, other, counterpart):
    for segment, reader in zip(*step.tie(dimension, counterpart)):
        zero = reader.zero or segment.zero
        if zero:
            step.analysis.reads.update((variable, axis, segment.node) for variable, axis in zero)


#: What is broken, how, and a layer of which the proof has to notice.
MUTATIONS = {
    "an addition ties nothing": ((walk.RULES, "AddV2", first_operand), "residual"),
    "a bias is no part of its units": ((walk.RULES, "BiasAdd", first_operand), "dense"),
    "a product by elements ties nothing": ((walk.RULES, "Mul", first_operand), "gru"),
    "pieces are joined in the wrong order": ((walk.RULES, "ConcatV2", backwards), "joined"),
    "a softmax over units pins nothing": ((walk.RULES, "Softmax", same_shape), "softmaxed"),
    "a mean over units pins nothing": ((walk.RULES, "Mean", kept_dimensions), "normalised"),
    "a sum over units pins nothing": ((walk.RULES, "Sum", kept_dimensions), "summed"),
    "activations multiplied pin nothing": ((values.Step, "contract", tied_only), "dot_attention"),
    "blocks of a reshape are not tied": ((reshaping._Reshape, "_divided", blocks_untied), "gates_by_reshape"),
    "an unknown operation pins nothing": ((walk.Analysis, "_unfollowed", unpinned), "rolled"),
    "differing constants pin nothing": ((result, "_pin_differing_constants", lambda analysis: None), "numbered"),
    "a loop is not closed": ((control, "_same_or_pinned", lambda *_: None), "lstm_loop"),
    "a fused cell does not read its state": ((cells, "_product", inputs_only), "lstm_block_cell"),
}


@pytest.mark.parametrize("broken", sorted(MUTATIONS))
def test_a_broken_rule_is_noticed(broken, monkeypatch):
    (owner, name, replacement), kind = MUTATIONS[broken]
    layers = [("dense", 6), (kind, 4), ("dense", 3)]
    models.prove(layers, "softmax", seed=2)
    if isinstance(owner, dict):
        assert name in owner
        monkeypatch.setitem(owner, name, replacement)
    else:
        assert hasattr(owner, name)
        monkeypatch.setattr(owner, name, replacement)
    with pytest.raises(Exception):  # noqa: B017 - shapes that do not fit, outputs that differ, a structure refused
        models.prove(layers, "softmax", seed=2)
