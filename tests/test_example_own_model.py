"""The example: a model with attention that knows nothing of the library is trained, cut and built again."""

import importlib.util
import os

import numpy as np

import sparse_rnn as sr
from tests import discover_models

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples", "own_model.py")
VOCABULARY = 13
SIZES = {"embedding": 5, "layer_0": 6, "layer_1": 4, "attention": 3, "output": 7}


def example():
    specification = importlib.util.spec_from_file_location("own_model", PATH)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_example_finds_five_groups_trains_and_computes_the_same_without_dead_units():
    own_model = example()
    words = np.random.RandomState(0).randint(0, VOCABULARY, [own_model.BATCH, own_model.STEPS + 1])
    batch = words[:, :-1], words[:, 1:]
    large = own_model.Graph(VOCABULARY, SIZES)
    assert own_model.sizes_of(large.structure) == SIZES
    first = large.run(large.loss, batch)
    for _ in range(5):
        large.run(large.train, batch, strength=1e-3)
    assert large.run(large.loss, batch) < first
    killed, dead = discover_models.kill(large.session.run(large.variables), large.structure, np.random.RandomState(1))
    large.session.run(large.load, {large.feeds[name]: array for name, array in killed.items()})
    small = sr.compaction.compact(killed, large.structure)
    sizes = own_model.sizes_of(small.structure)
    assert all(sizes[name] < SIZES[name] for name in SIZES)
    after = own_model.Graph(VOCABULARY, sizes)
    after.session.run(after.load, {after.feeds[name]: array for name, array in small.weights.items()})
    np.testing.assert_allclose(after.run(after.scores, batch), large.run(large.scores, batch), rtol=1e-4, atol=1e-5)
