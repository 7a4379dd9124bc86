"""The display of a job, and the time that it says is left."""

import pytest

from humouse import progress
from humouse.progress import JobProgress, Stage


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which tests set."""
    now = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_the_time_left_is_of_all_stages_and_follows_what_is_measured(clock: list[float]):
    with JobProgress([Stage("a", 1000, 0.1), Stage("b", 100, 1.0)]) as job:
        assert job.left_s == pytest.approx(200)
        with job.stage(0, 1000, shown=False) as advance:
            for _ in range(980):
                clock[0] += 0.3
                advance()
            # 20 steps that were expected to take 0.1 s each, and 980 that took 0.3 s.
            pace_s = (20 * 0.1 + 980 * 0.3) / 1000
            assert job.left_s == pytest.approx(20 * pace_s + 100)
            assert job.last_line() == "5 minutes of about 7 minutes, about 2 minutes left"
            clock[0] += 50  # amid a long step
            assert job.last_line() == "6 minutes of about 7 minutes, about 56 seconds left"
        with job.stage(1, 100, shown=False) as advance:
            assert job.left_s == pytest.approx(100)  # the first stage stopped early
            for _ in range(100):
                clock[0] += 1.0
                advance(note="loss 1")
        assert job.left_s == 0
        assert job.last_line() == "took 7 minutes"


def test_steps_of_an_earlier_run_are_not_measured(clock: list[float]):
    with JobProgress([Stage("a", 100, 0.5, done=90)]) as job:
        assert job.left_s == pytest.approx(5)
        with job.stage(0, 100, done=90, shown=False) as advance:
            clock[0] += 0.5
            advance()
        clock[0] += 1


def test_in_a_log_file_it_shows_where_it_ended(capsys: pytest.CaptureFixture):
    with JobProgress([Stage("first", 2, 0.0), Stage("second", 1, 0.0)]) as job:
        for number, steps in enumerate((2, 1)):
            with job.stage(number, steps) as advance:
                assert capsys.readouterr().err == ""
                for _ in range(steps):
                    advance(note=f"loss {number}")
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.startswith("1 of 2: first ")
    assert first.rstrip().endswith("2/2 loss 0")
    assert second.startswith("2 of 2: second ")
    assert last == "took 0 seconds"


def test_a_job_that_does_nothing_shows_nothing(capsys: pytest.CaptureFixture):
    with JobProgress([Stage("a", 2, 0.0, done=2)]) as job, job.stage(0, 2, done=2):
        pass
    assert capsys.readouterr().err == ""
