import numpy as np
import pytest

from sparse_rnn.training import timing


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the rivals move on; the test sets its ``now``."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(timing.time, "perf_counter", lambda: Clock.now)
    return Clock


def test_rivals_take_turns_and_the_warm_up_does_not_count(clock):
    calls = []

    def rival(name, seconds):
        def call():
            calls.append(name)
            clock.now += next(seconds)

        return call

    first = rival("a", iter([90.0, 90.0, 0.001, 0.002, 0.003, 0.004]))
    second = rival("b", iter([90.0, 90.0, 0.5, 0.5, 0.5, 0.5]))
    found = timing.interleaved([first, second], repeats=4, warm_up=2)
    assert calls == ["a", "b"] * 6
    assert found[0].milliseconds == pytest.approx(2.5)
    assert found[0].quartiles == pytest.approx(tuple(np.percentile([1, 2, 3, 4], [25, 75])))
    assert found[1].milliseconds == pytest.approx(500.0)
    assert found[1].quartiles == pytest.approx((500.0, 500.0))
