import io

import pytest

from sparse_rnn.training import progress


class Screen(io.StringIO):
    """What stderr is where a person watches."""

    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(progress.time, "time", lambda: Clock.now)
    return Clock


def test_where_nobody_watches_a_plain_line_comes_now_and_then(clock, monkeypatch):
    monkeypatch.setattr(progress.sys, "stderr", io.StringIO())
    said = []
    shown = progress.Progress("epoch 1 of 2", 100, 40, said.append)
    for step in range(41, 101):
        clock.now += 2.0
        shown.step(lambda step=step: "perplexity {}".format(step))
    shown.close()
    assert said[0] == "epoch 1 of 2: step 56 of 100, perplexity 56, 88 s left"
    assert said[1:] == [
        "epoch 1 of 2: step 72 of 100, perplexity 72, 56 s left",
        "epoch 1 of 2: step 88 of 100, perplexity 88, 24 s left",
    ]
    assert progress.sys.stderr.getvalue() == ""


def test_a_task_without_notes_says_how_far_it_is_in_its_own_unit(clock, monkeypatch):
    monkeypatch.setattr(progress.sys, "stderr", io.StringIO())
    said = []
    shown = progress.Progress("reading", 3, 0, said.append, unit="file")
    clock.now += 31.0
    shown.step()
    assert said == ["reading: file 1 of 3, 62 s left"]


def test_where_a_person_watches_a_bar_begins_where_training_goes_on(monkeypatch):
    screen = Screen()
    monkeypatch.setattr(progress.sys, "stderr", screen)
    said = []
    shown = progress.Progress("epoch 1 of 2", 100, 40, said.append)
    for _ in range(60):
        shown.step(lambda: "perplexity 9.5")
    shown.close()
    assert said == []
    assert "epoch 1 of 2:  40%" in screen.getvalue() and "40/100" in screen.getvalue()
