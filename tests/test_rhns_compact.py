"""Cutting dead units out of highway networks of every kind: the same function, in a run directory like any other."""

import os

import numpy as np
import pytest

from rhns import compact, config
from rhns.trainer import TRAINER
from sparse_rnn import checkpoints, files
from sparse_rnn.training.language import evaluation, restoring
from tests import tiny, tiny_rhns
from tests.test_ptb_compact import kill

KINDS = {
    "tied": ({"hidden_sizes": [7]}, {"rhn_0": [0, 3, 4]}),
    "untied layers": (dict(tiny_rhns.UNTIED, hidden_sizes=[7, 6]), {"rhn_0": [5], "rhn_1": [0], "embedding": [0, 4]}),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_small_model_is_the_same_function(kind, text_folder, tmp_path):
    options, dead = KINDS[kind]
    path = tiny.write_config(tmp_path / "config.json", tiny_rhns.tree(options))
    experiment = config.load_experiment(path)
    random = np.random.RandomState(3)
    arrays = {
        name: random.uniform(-0.9, 0.9, shape).astype(np.float32)
        for name, shape in TRAINER.shapes(experiment.model, 11).items()
    }
    arrays = kill(arrays, TRAINER.structure(experiment.model, 11), dead)
    prefix = checkpoints.write(arrays, str(tmp_path / "before"))
    run = str(tmp_path / "run")
    flags = ["--restore_path=" + prefix, "--config=" + path, "--data_path=" + text_folder, "--save_path=" + run]
    assert compact.main(flags) == 0

    small = restoring.restore(TRAINER, run)
    kept = {name: len(units) for name, units in files.read_json(os.path.join(run, "kept.json")).items()}
    assert kept == {group.name: group.size for group in small.structure}
    sizes = {group.name: group.size for group in TRAINER.structure(experiment.model, 11)}
    assert {name: sizes[name] - kept[name] for name in sizes} == {name: len(dead.get(name, [])) for name in sizes}

    corpus = restoring.corpus_for(small, text_folder)
    loaded = [
        evaluation.LoadedLanguageModel(TRAINER, *each)
        for each in ((experiment, arrays), (small.experiment, small.arrays))
    ]
    for style in evaluation.STYLES:
        before, after = (each.perplexity(corpus.test, style, "test") for each in loaded)
        assert after == pytest.approx(before, rel=1e-6)
    for each in loaded:
        each.session.close()
