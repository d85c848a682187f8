"""A text in strips side by side has the perplexity of one word after the other."""

import math

import numpy as np
import pytest

from ptb.trainer import TRAINER
from rhns.config import Experiment as HighwayExperiment
from rhns.trainer import TRAINER as HIGHWAY
from sparse_rnn.training import config, text
from sparse_rnn.training.language import evaluation, stream
from tests.test_language_evaluation import ARRAYS, EXPERIMENT, TEXT, WORDS, numpy_perplexity

WHOLE = numpy_perplexity(TEXT[np.newaxis])
#: A forget gate that is open and an input gate that is nearly shut: what the cell began with stays.
REMEMBERS = {
    name: np.repeat([-4.0, 0.0, 20.0, 0.0], array.size // 4).astype(np.float32) if name.endswith("/bias") else array
    for name, array in ARRAYS.items()
}


@pytest.fixture(scope="module")
def loaded():
    made = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, ARRAYS, device="/cpu:0")
    yield made
    made.session.close()


@pytest.fixture
def runs(monkeypatch):
    """The shapes ``(strips, words)`` of what is read for its losses, in order."""
    seen, run = [], stream.Stream._run_part

    def record(self, session, words, targets, part, state):
        seen.append(words[:, part].shape)
        return run(self, session, words, targets, part, state)

    monkeypatch.setattr(stream.Stream, "_run_part", record)
    return seen


def cut(monkeypatch, strip, lead=3, longest_run=4, tolerance=stream.TOLERANCE):
    """Strips as a text of 98 words can have them."""
    for name, value in (("STRIP", strip), ("LEAD", lead), ("LONGEST_RUN", longest_run), ("TOLERANCE", tolerance)):
        monkeypatch.setattr(stream, name, value)


def one_after_the_other(loaded, ids):
    batches = text.full_stream(ids, 11)
    return loaded.evaluation("full").perplexity(loaded.session, batches)


def test_a_short_text_is_one_strip_in_which_every_word_but_the_first_is_predicted(loaded, runs):
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-5)
    assert runs == [(1, 97)]


@pytest.mark.parametrize("longest_run", [1, 7, 97, 98])
def test_runs_of_any_length_give_the_same_number(loaded, monkeypatch, longest_run):
    cut(monkeypatch, strip=98, longest_run=longest_run)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)


@pytest.mark.parametrize("strip", [5, 16, 24, 48])
@pytest.mark.parametrize("lead", [1, 5])
def test_strips_of_any_length_after_a_lead_of_any_length_give_the_same_number(loaded, monkeypatch, runs, strip, lead):
    cut(monkeypatch, strip, lead)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)
    assert runs[0] == (97 // strip, 4)


def test_a_seam_that_does_not_agree_is_read_from_both_sides_until_it_does(loaded, monkeypatch, runs):
    cut(monkeypatch, strip=48, lead=1, tolerance=1e-2)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-4)
    side_by_side, mended, rest = runs[:12], runs[12:-1], runs[-1]
    assert side_by_side == [(2, 4)] * 12 and rest == (1, 1)
    assert mended and set(mended) == {(2, 4)} and len(mended) < 12
    runs.clear()
    cut(monkeypatch, strip=48, lead=1, tolerance=1e9)
    assert loaded.perplexity(TEXT, "full", "test") != pytest.approx(WHOLE, rel=1e-4)
    assert runs == side_by_side + [rest]


def test_a_model_that_forgets_nothing_has_its_strips_read_again_to_their_ends(monkeypatch, runs):
    loaded = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, REMEMBERS)
    cut(monkeypatch, strip=24)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(one_after_the_other(loaded, TEXT), rel=1e-6)
    assert runs == [(4, 4)] * 6 + [(2, 4)] * 3 * 6 + [(1, 1)]
    loaded.session.close()


def test_the_number_of_strips_side_by_side_is_bounded_and_so_are_the_scores_of_a_run(monkeypatch, runs):
    cut(monkeypatch, strip=2)
    for name, value in (("MOST_STRIPS", 6), ("SCORES_PER_RUN", 18 * WORDS)):
        monkeypatch.setattr(stream, name, value)
    loaded = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, ARRAYS)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)
    assert runs[:6] == [(6, 3)] * 5 + [(6, 1)] and all(strips * words <= 18 for strips, words in runs)
    loaded.session.close()


def test_a_highway_network_is_read_in_the_same_way(monkeypatch):
    chosen = config.from_dict(
        HighwayExperiment, {"model": {"tied": False, "embedding_size": 6, "hidden_sizes": [7, 5], "depth": 3}}, "test"
    )
    random = np.random.RandomState(3)
    shapes = HIGHWAY.shapes(chosen.model, WORDS)
    arrays = {name: random.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    loaded = evaluation.LoadedLanguageModel(HIGHWAY, chosen, arrays)
    cut(monkeypatch, strip=24)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(one_after_the_other(loaded, TEXT), rel=1e-6)
    loaded.session.close()


def test_a_perplexity_beyond_all_numbers_is_no_error_in_strips_either(monkeypatch):
    arrays = {name: array * 1e30 if name.endswith("softmax_b") else array for name, array in ARRAYS.items()}
    loaded = evaluation.LoadedLanguageModel(TRAINER, EXPERIMENT, arrays)
    cut(monkeypatch, strip=24)
    assert math.isfinite(loaded.perplexity(TEXT, "full", "test"))
    loaded.session.close()
