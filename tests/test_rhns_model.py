"""The highway network against plain numpy, the original's names and the paper's counts."""

import numpy as np
import pytest

from rhns import model, noise, variables
from rhns.config import Experiment
from sparse_rnn import cost, groups
from sparse_rnn.compat import static_shape, tf, variables_by_name
from sparse_rnn.training import config
from tests import original_files, reference

WORDS = 11
BATCH, STEPS = 3, 4
SIZES = {
    "tied": {"hidden_sizes": [7]},
    "untied": {"hidden_sizes": [7], "tied": False, "embedding_size": 4},
    "layers": {"hidden_sizes": [6, 5]},
}


def options(**keys):
    keys = dict({"depth": 3, "init_scale": 0.7}, **keys)
    return config.from_dict(Experiment, {"model": keys}, "test").model


def of_width(width, depth=10):
    return options(hidden_sizes=[width], depth=depth)


def numpy_logits(words, state, arrays, chosen, masks):
    """``[T, B, V]`` and the last states; ``masks`` as arrays, 1 where nothing is masked."""
    outputs, last = arrays[variables.EMBEDDING][words.T] * masks.words.T[:, :, np.newaxis], []
    for layer, begins in enumerate(state):
        h, t = (
            [
                (arrays[variables.matrix(layer, kind, cell)], arrays[variables.bias(layer, kind, cell)])
                for cell in range(chosen.depth)
            ]
            for kind in "ht"
        )
        outputs, after = reference.rhn(outputs, h, t, begins, masks.inputs[layer], masks.states[layer])
        last.append(after)
    softmax = arrays[variables.EMBEDDING].T if chosen.tied else arrays[variables.SOFTMAX_W]
    return (outputs * masks.outputs) @ softmax + arrays[variables.SOFTMAX_B], last


@pytest.mark.parametrize("noisy", [False, True], ids=["plain", "noisy"])
@pytest.mark.parametrize("sizes", sorted(SIZES))
def test_logits_and_states_are_those_of_numpy(graph, sizes, noisy):
    chosen = options(**SIZES[sizes])
    chance = np.random.RandomState(4)
    words = chance.randint(WORDS, size=[BATCH, STEPS])
    state = [chance.randn(BATCH, units).astype(np.float32) for units in chosen.hidden_sizes]
    weights = model.weights(chosen, WORDS, seed=2)
    fed = tf.constant(words, tf.int32)
    masks = noise.of_step(chosen, WORDS, 1, tf.constant(5), fed) if noisy else noise.nothing(chosen)
    logits, last = model.logits(fed, state, weights, chosen, masks)
    ones = noise.Masks(np.ones([BATCH, STEPS]), [1.0, 1.0], [1.0, 1.0], 1.0)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        arrays, found, found_last = session.run([variables_by_name(), logits, last])
        drawn = session.run(masks) if noisy else ones
    expected, expected_last = numpy_logits(words, state, arrays, chosen, drawn)
    assert found.shape == (STEPS * BATCH, WORDS)
    np.testing.assert_allclose(found, expected.reshape(-1, WORDS), atol=2e-5)
    for one, other in zip(found_last, expected_last):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_variables_have_the_names_and_shapes_of_the_originals(graph):
    model.weights(of_width(7, depth=3), WORDS)
    found = {name: tuple(static_shape(variable)) for name, variable in variables_by_name().items()}
    assert found == original_files.rhn_shapes(7, depth=3, vocabulary=WORDS)
    assert list(found) == list(variables.shapes(of_width(7, depth=3), WORDS))


def test_initial_weights_are_uniform_but_for_the_biases_of_the_transform_gates(graph):
    chosen = options(hidden_sizes=[40], init_bias=-4.0)
    model.weights(chosen, WORDS, seed=3)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        arrays = session.run(variables_by_name())
    gates = [variables.bias(0, "t", cell) for cell in range(3)]
    assert all((arrays.pop(name) == -4.0).all() for name in gates)
    assert all(0 < np.abs(array).max() <= 0.7 for array in arrays.values())
    together = np.concatenate([array.ravel() for array in arrays.values()])
    assert np.abs(together).max() > 0.69 and abs(together.mean()) < 0.02


@pytest.mark.parametrize(
    "width, weights", [(830, 23482400), (726, 18880192), (517, 11070698), (403, 7621058), (328, 5663408)]
)
def test_the_counts_are_the_papers(width, weights):
    shapes = variables.shapes(of_width(width), 10000)
    assert cost.weight_count(shapes) == weights
    kept = {"rhn_0": width}
    wide = of_width(830)
    shrunk = cost.shrunk_shapes(variables.shapes(wide, 10000), model.structure(wide, 10000), kept)
    assert shrunk == shapes


def test_the_word_vectors_of_an_untied_model_are_no_wider_than_the_vocabulary():
    text8 = options(hidden_sizes=[1500], tied=False)
    assert variables.shapes(text8, 27)[variables.EMBEDDING] == (27, 27)
    assert variables.shapes(text8, 27)[variables.matrix(0, "h", 0)] == (27 + 1500, 1500)
    assert variables.shapes(text8, 10000)[variables.EMBEDDING] == (10000, 1500)
    assert variables.shapes(options(hidden_sizes=[1500]), 27)[variables.EMBEDDING] == (27, 1500)


@pytest.mark.parametrize("sizes", sorted(SIZES))
def test_the_structure_owns_every_row_and_column_of_the_recurrent_part(graph, sizes):
    chosen = options(**SIZES[sizes])
    model.weights(chosen, WORDS)
    model.carried_state(chosen, BATCH, "Train", tf.GraphKeys.GLOBAL_VARIABLES)
    shapes = {variable.op.name: tuple(static_shape(variable)) for variable in tf.global_variables()}
    structure = model.structure(chosen, WORDS)
    groups.check(structure, shapes)
    assert [group.name for group in structure] == variables.all_groups(len(chosen.hidden_sizes), chosen.tied)
    owned = {}
    for group in structure:
        for part in group.slices:
            owned.setdefault((part.variable, part.axis), []).extend(part.indices(group.size))
    for name, shape in shapes.items():
        if "/RHN" in name:
            assert all(sorted(owned[name, axis]) == list(range(length)) for axis, length in enumerate(shape))
        if "/state/" in name:
            assert (name, 1) in owned
    assert sorted(owned[variables.EMBEDDING, 1]) == list(range(shapes[variables.EMBEDDING][1]))
