"""A text in strips side by side has the perplexity of one word after the other."""

import math

import numpy as np
import pytest

from ptb import variables
from ptb.trainer import TRAINER
from rhns.config import Experiment as HighwayExperiment
from rhns.trainer import TRAINER as HIGHWAY
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, text
from sparse_rnn.training.language import evaluation, stream
from tests.test_language_evaluation import ARRAYS, EXPERIMENT, TEXT, WORDS, numpy_perplexity
from tests.test_ptb_model import numpy_logits

WHOLE = numpy_perplexity(TEXT[np.newaxis])
#: Open forget gates and nearly shut input gates: what a cell began with stays.
REMEMBERS = {
    name: np.repeat([-4.0, 0.0, 20.0, 0.0], array.size // 4).astype(np.float32) if name.endswith("/bias") else array
    for name, array in ARRAYS.items()
}


@pytest.fixture
def load():
    """Opens models, and closes them at the end."""
    opened = []

    def model(arrays, trainer=TRAINER, experiment=EXPERIMENT):
        opened.append(evaluation.LoadedLanguageModel(trainer, experiment, arrays, device="/cpu:0"))
        return opened[-1]

    yield model
    for each in opened:
        each.session.close()


@pytest.fixture
def loaded(load):
    return load(ARRAYS)


@pytest.fixture
def runs(monkeypatch):
    """The shapes ``(strips, words)`` of what is read for its losses, in order."""
    seen, run = [], stream.Stream._run

    def record(self, session, what, states, feed):
        if self._targets in feed:
            seen.append(feed[self._words].shape)
        return run(self, session, what, states, feed)

    monkeypatch.setattr(stream.Stream, "_run", record)
    return seen


@pytest.fixture
def leads(monkeypatch):
    """The words ``[strips, words]`` of what is read for its states alone, in order."""
    seen, states = [], stream.Stream._states

    def record(self, session, words, begun):
        seen.append(words)
        return states(self, session, words, begun)

    monkeypatch.setattr(stream.Stream, "_states", record)
    return seen


def pieces(monkeypatch, strip, lead=3, longest_run=4, tolerance=stream.TOLERANCE, memory=None):
    """Strips as a text of 98 words can have them."""
    for name, value in (("STRIP", strip - 2 * lead), ("LEAD", lead), ("LONGEST_RUN", longest_run)):
        monkeypatch.setattr(stream, name, value)
    monkeypatch.setattr(stream, "TOLERANCE", tolerance)
    monkeypatch.setattr(stream.Stream, "_memory", lambda self, session, words: lead if memory is None else memory)


def one_after_the_other(loaded, ids):
    return loaded.evaluation("full").perplexity(loaded.session, text.full_stream(ids, 11))


def test_a_short_text_is_one_strip_in_which_every_word_but_the_first_is_predicted(loaded, runs):
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-5)
    assert runs == [(1, 97)] and loaded.stream().mended == 0


@pytest.mark.parametrize("longest_run", [1, 7, 96, 97])
def test_runs_of_any_length_give_the_same_number(loaded, monkeypatch, longest_run):
    pieces(monkeypatch, strip=98, longest_run=longest_run)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)


@pytest.mark.parametrize(
    "strip, lead", [(5, 0), (5, 1), (5, 2)] + [(n, lead) for n in (16, 24, 48) for lead in (0, 1, 5)]
)
def test_strips_of_any_length_after_a_lead_of_any_length_give_the_same_number(loaded, monkeypatch, runs, strip, lead):
    pieces(monkeypatch, strip, lead)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)
    assert runs[0] == (97 // strip, 4)


@pytest.mark.parametrize("predicted, strips", [(1, 1), (23, 1), (24, 1), (47, 1), (48, 2), (49, 2), (96, 4)])
def test_a_text_has_as_many_strips_as_it_is_long_enough_for(loaded, monkeypatch, runs, predicted, strips):
    pieces(monkeypatch, strip=24, lead=7)
    ids = TEXT[: predicted + 1]
    assert loaded.perplexity(ids, "full", "test") == pytest.approx(numpy_perplexity(ids[np.newaxis]), rel=1e-5)
    assert runs[0][0] == strips


def test_a_state_begins_where_the_words_before_its_strip_leave_it(loaded, monkeypatch, runs):
    ids = np.concatenate([TEXT, TEXT])
    once = [(2, 4)] * 24 + [(2, 2)]
    pieces(monkeypatch, strip=97, lead=40, tolerance=1e-2)
    loaded.perplexity(ids, "full", "test")
    assert runs == once  # no strip is begun again
    runs.clear()
    pieces(monkeypatch, strip=97, lead=1, tolerance=1e-2)
    loaded.perplexity(ids, "full", "test")
    assert runs != once


@pytest.mark.parametrize("memory, strips", [(20, 2), (8, 4), (1, 9)])
def test_the_less_a_model_remembers_the_more_strips_there_are(loaded, monkeypatch, runs, memory, strips):
    pieces(monkeypatch, strip=48, lead=20, memory=memory)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)
    assert runs[0] == (strips, 4)


def numpy_memory(few, step, tolerance):
    """After how many words of the text the states of zeros and of halves agree, or None where not after a few."""
    for end in sorted({*range(step, few, step), few}):
        begun = [np.broadcast_to([[[0.0], [0.5]]], [2, 2, size]) for size in EXPERIMENT.model.hidden_sizes]
        _, after = numpy_logits(np.stack([TEXT[:end]] * 2), begun, ARRAYS, EXPERIMENT.model.forget_bias)
        zeros, halves = np.moveaxis(np.concatenate(after, axis=2), 1, 0)
        if np.abs(zeros - halves).max() <= tolerance * np.abs(halves).max():
            return end
    return None


@pytest.mark.parametrize(
    "few, step, tolerance, forgets",
    [
        (40, 7, 1e-2, True),
        (40, 1, 1e-2, True),
        (40, 1, 0.5, True),
        (40, 9, 0.5, True),
        (5, 9, 1e9, True),
        (3, 1, 0.5, False),
    ],
)
def test_strips_begin_as_many_words_early_as_a_model_remembers(
    loaded, monkeypatch, runs, leads, few, step, tolerance, forgets
):
    values = {"STRIP": 10, "LEAD": 30, "FEW": few, "FEW_STEP": step, "TOLERANCE": tolerance}
    for name, value in values.items():
        monkeypatch.setattr(stream, name, value)
    memory = numpy_memory(few, step, tolerance)
    assert (memory is not None) == forgets
    lead, ids = memory or stream.LEAD, np.tile(TEXT, 4)
    loaded.perplexity(ids, "full", "test")
    count = (len(ids) - 1) // (stream.STRIP + 2 * lead)
    assert runs[0][0] == count
    ends = np.arange(1, count) * math.ceil((len(ids) - 1) / count)
    np.testing.assert_array_equal(leads[-1], [ids[end - lead : end] for end in ends])


@pytest.mark.parametrize("most_projected", [stream.MOST_PROJECTED, 0])
def test_one_stream_reads_texts_of_any_words_and_keeps_none(loaded, monkeypatch, most_projected):
    monkeypatch.setattr(stream, "MOST_PROJECTED", most_projected)
    pieces(monkeypatch, strip=16, lead=2)
    for ids in (TEXT[:20], TEXT, TEXT[40:60], TEXT % 2, np.full(40, WORDS - 1, np.int32)):
        assert loaded.perplexity(ids, "full", "test") == pytest.approx(numpy_perplexity(ids[np.newaxis]), rel=1e-5)
    with loaded.session.graph.as_default():
        assert loaded.session.run(loaded.stream()._projected.read_value()).shape[0] == 0


def test_strips_that_began_wrongly_are_read_again_side_by_side_each_until_its_states_agree(loaded, monkeypatch, runs):
    ids = np.concatenate([TEXT, TEXT])
    right = numpy_perplexity(ids[np.newaxis])
    pieces(monkeypatch, strip=64, lead=1, tolerance=1e-2)
    assert loaded.perplexity(ids, "full", "test") == pytest.approx(right, rel=1e-4)
    side_by_side, again = runs[:17], runs[17:]
    assert side_by_side == [(3, 4)] * 16 + [(3, 1)]
    assert again[0] == (2, 4) and len(again) < 17
    assert [count for count, _ in again] == sorted((count for count, _ in again), reverse=True)
    assert loaded.stream().mended == sum(count * words for count, words in again)
    pieces(monkeypatch, strip=64, lead=1, tolerance=1e9)
    assert loaded.perplexity(ids, "full", "test") != pytest.approx(right, rel=1e-4)
    assert loaded.stream().mended == 0


def test_a_model_that_forgets_nothing_has_its_strips_read_again_to_their_ends(load, monkeypatch, runs):
    loaded = load(REMEMBERS)
    pieces(monkeypatch, strip=24)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(one_after_the_other(loaded, TEXT), rel=1e-6)
    # From what the words before leave; from what the strip before ended with; the first to be right ends the second.
    assert runs == [(count, words) for count in (4, 3, 1, 1) for words in [4] * 6 + [1]]


@pytest.mark.parametrize("kept_parts", [0, 1])
def test_beyond_the_states_that_are_kept_a_strip_is_read_to_its_end(loaded, monkeypatch, runs, kept_parts):
    pieces(monkeypatch, strip=48, lead=1, tolerance=1e-2)
    loaded.perplexity(TEXT, "full", "test")
    assert 1 < runs.count((1, 4)) < 12
    runs.clear()
    monkeypatch.setattr(stream, "MOST_KEPT", kept_parts * 2 * loaded.stream()._state_size)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)
    assert runs == [(count, words) for count in (2, 1) for words in [4] * 12 + [1]]


def test_strips_side_by_side_and_the_words_of_a_run_are_bounded(load, monkeypatch, runs):
    pieces(monkeypatch, strip=2, lead=0)
    monkeypatch.setattr(stream, "MOST_STRIPS", 6)
    for name, value in (("MOST_WORDS", 18), ("MOST_SCORES", 12 * WORDS), ("MOST_SCORES", 3 * WORDS)):
        monkeypatch.setattr(stream, name, value)
        runs.clear()
        assert load(ARRAYS).perplexity(TEXT, "full", "test") == pytest.approx(WHOLE, rel=1e-6)
        largest = value if name == "MOST_WORDS" else value // WORDS
        assert max(strips * words for strips, words in runs) == largest
        assert max(strips for strips, _ in runs) == min(6, largest)


def test_a_highway_network_is_read_in_the_same_way(load, monkeypatch, runs):
    chosen = config.from_dict(
        HighwayExperiment, {"model": {"tied": False, "embedding_size": 6, "hidden_sizes": [7, 5], "depth": 3}}, "test"
    )
    random = np.random.RandomState(3)
    shapes = HIGHWAY.shapes(chosen.model, WORDS)
    arrays = {name: random.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    loaded = load(arrays, HIGHWAY, chosen)
    pieces(monkeypatch, strip=24)
    assert loaded.perplexity(TEXT, "full", "test") == pytest.approx(one_after_the_other(loaded, TEXT), rel=1e-6)
    assert runs[0] == (4, 4)


def test_losses_beyond_all_numbers_are_the_largest_perplexity_and_no_number_stays_none(load, monkeypatch):
    pieces(monkeypatch, strip=24)
    for bias, right in ((np.linspace(0, 1e30, WORDS), math.exp(700)), (np.full(WORDS, np.nan), math.nan)):
        arrays = dict(ARRAYS, **{variables.SOFTMAX_B: bias.astype(np.float32)})
        assert load(arrays).perplexity(TEXT, "full", "test") == pytest.approx(right, nan_ok=True)


def test_a_text_with_nothing_to_predict_is_named(loaded):
    with pytest.raises(UserError, match="a text of 0 words has no word to predict"):
        loaded.perplexity(TEXT[:0], "full", "test")
