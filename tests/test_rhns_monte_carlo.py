"""Monte-Carlo dropout against numpy: the mean of the samples' probabilities, and which samples count."""

import re

import numpy as np
import pytest

from rhns import config, evaluate, monte_carlo
from rhns.trainer import TRAINER
from sparse_rnn import checkpoints
from sparse_rnn.errors import UserError
from sparse_rnn.training.language import evaluation
from tests import tiny, tiny_rhns

WORDS = 11
TEXT = np.random.RandomState(8).randint(WORDS, size=70).astype(np.int32)
EXPERIMENT = config.config.from_dict(config.Experiment, tiny_rhns.CONFIG, "test")
ARRAYS = {
    name: np.random.RandomState(seed).uniform(-1, 1, shape).astype(np.float32)
    for seed, (name, shape) in enumerate(TRAINER.shapes(EXPERIMENT.model, WORDS).items())
}


@pytest.fixture(scope="module")
def loaded():
    made = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, ARRAYS, "/cpu:0")
    yield made
    made.session.close()


def estimate(loaded, samples, style="full", seed=1, say=lambda sentence: None):
    return monte_carlo.perplexity(loaded, TEXT, style, "test", samples, seed, say)


def losses(loaded, sample, style="full", seed=1):
    """-ln p of every word under one sample's masks."""
    sampled = loaded.built((style, seed), lambda weights: monte_carlo.Sampled(loaded, weights, style, seed))
    sampled.number = sample
    batches = evaluation.batches_of(TEXT, style, EXPERIMENT.train, "test")
    return np.concatenate(list(sampled.losses(loaded.session, batches))).astype(np.float64)


@pytest.mark.parametrize("style, words", [("full", 69), ("batched", 60)])
def test_it_is_the_perplexity_of_the_mean_of_the_samples_probabilities(loaded, style, words):
    probabilities = np.exp([-losses(loaded, sample, style) for sample in range(4)])
    assert probabilities.shape == (4, words)
    found, used = estimate(loaded, 4, style)
    assert (found, used) == (pytest.approx(np.exp(-np.log(probabilities.mean(axis=0)).mean()), rel=1e-6), 4)
    alone = [np.exp(losses(loaded, sample, style).mean()) for sample in range(4)]
    assert found < np.exp(np.log(alone).mean()) and len(set(alone)) == 4


def test_samples_are_a_function_of_seed_and_number(loaded):
    assert estimate(loaded, 3) == estimate(loaded, 3)
    assert estimate(loaded, 3) != estimate(loaded, 3, seed=2)


def test_a_sample_that_lost_the_thread_is_left_out_and_not_drawn_again(loaded, monkeypatch):
    alone = [np.exp(losses(loaded, sample).mean()) for sample in range(4)]
    monkeypatch.setattr(monte_carlo, "LIMIT", sorted(alone)[2])
    said = []
    found, used = estimate(loaded, 4, say=said.append)
    kept = [sample for sample in range(4) if alone[sample] < sorted(alone)[2]]
    probabilities = np.exp([-losses(loaded, sample) for sample in kept])
    assert (found, used) == (pytest.approx(np.exp(-np.log(probabilities.mean(axis=0)).mean()), rel=1e-6), 2)
    assert len(said) == 4 and sum("left out: not below" in sentence for sentence in said) == 2
    assert said[0].startswith("test sample 1 of 4: perplexity ")
    monkeypatch.setattr(monte_carlo, "LIMIT", 1.0)
    with pytest.raises(UserError, match="none of 4 samples has a perplexity below 1 on the test text"):
        estimate(loaded, 4)


def test_without_dropout_every_sample_is_the_model_itself(loaded):
    keeps = dict.fromkeys(["keep_words", "keep_inputs", "keep_states", "keep_outputs"], 1.0)
    plain = config.config.from_dict(config.Experiment, tiny_rhns.tree(keeps), "test")
    made = evaluation.LoadedLanguageModel(TRAINER, plain, ARRAYS)
    assert estimate(made, 2)[0] == pytest.approx(loaded.perplexity(TEXT, "full", "test"), rel=1e-6)
    made.session.close()


def test_the_command_says_the_mean_of_how_many(tmp_path, text_folder, capsys):
    prefix = checkpoints.write(ARRAYS, str(tmp_path / "model"))
    path = tiny.write_config(tmp_path / "config.json", tiny_rhns.CONFIG)
    flags = ["--restore_path=" + prefix, "--config=" + path, "--data_path=" + text_folder, "--splits", "test"]
    assert evaluate.main(flags + ["--styles", "full", "--mc_samples=3"]) == 0
    said = capsys.readouterr().out
    assert len(re.findall(r"test sample \d of 3: perplexity [\d.]+, mean of \d so far [\d.]+\n", said)) == 3
    assert re.search(r"test perplexity [\d.]+ full, mean of 3 of 3 samples\n", said)
    with pytest.raises(UserError, match="--mc_samples is -1; it must be from 0 to 2147483647"):
        evaluate.main(flags + ["--mc_samples=-1"])
