import time
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.faults.harness.fast_clock import FastClock, write_plan
from tests.faults.scenarios.beat_kills import BEAT_KILLS, QUICK, Found, Hours, counted

pytestmark = pytest.mark.timeout(300)

DAY = date(2025, 10, 6)
OPEN, CLOSE = datetime(2025, 10, 5, 22, tzinfo=UTC), datetime(2025, 10, 6, 21, tzinfo=UTC)
DUE = {(DAY, "open"): OPEN, (DAY, "close"): CLOSE}
LOGGED = {("opened", "2025-10-06"): 1, ("has closed", "2025-10-06"): 1, ("closed", "2025-10-06"): 1}
SECOND = timedelta(seconds=1)


def test_beats_that_are_killed_all_the_time_have_every_open_and_close_acted_on_once(play):
    assert play(BEAT_KILLS).wrong == []


def test_the_clock_runs_as_usual_around_what_is_due_and_fast_between(tmp_path):
    write_plan(tmp_path / "plan", {OPEN: 27 * SECOND, CLOSE: 27 * SECOND}, 1_000.0, 3 * SECOND, 3_600.0)
    clock = FastClock(tmp_path / "plan")

    assert clock.at(990.0) == OPEN - 13 * SECOND
    assert clock.at(1_003.0) == OPEN
    assert clock.at(1_030.0) == OPEN + 27 * SECOND
    assert clock.at(1_031.0) == OPEN + 27 * SECOND + timedelta(hours=1)
    assert [clock.rushes_in_s(real_s) for real_s in (1_010.0, 1_031.0, clock.over_s)] == [20.0, 0.0, 0.0]
    assert clock.at(clock.over_s) == CLOSE + 207 * SECOND


def test_a_plan_that_is_written_anew_is_read_anew(tmp_path):
    write_plan(tmp_path / "plan", {OPEN: SECOND}, 1_000.0, SECOND, 10.0)
    clock = FastClock(tmp_path / "plan")
    before = clock.at(1_000.0)

    write_plan(tmp_path / "plan", {OPEN: SECOND}, 2_000.0, SECOND, 10.0)

    assert (before, clock.at(2_000.0)) == (OPEN - SECOND, OPEN - SECOND)


def test_time_stays_at_an_open_until_somebody_has_begun_it(tmp_path):
    hours = Hours(tmp_path / "plan", QUICK, DUE)
    hours.begin_at(time.time() - (QUICK.lead + QUICK.linger).total_seconds() + 2)
    over_s = [hours.clock.over_s]

    for recorded in (rows(), {}, {}):
        hours.stay(recorded)
        over_s.append(hours.clock.over_s)

    # Begun by somebody; by nobody, as it is about to run off; by nobody, with more than five seconds left by now.
    assert [later - over_s[0] for later in over_s[1:]] == pytest.approx([0, 5, 5], abs=0.01)


def test_the_judge_is_content_when_each_event_is_recorded_and_was_logged_once():
    found = Found(DUE, rows(), LOGGED)

    assert (found.wrong(), found.slow()) == ([], [])


def test_the_judge_sees_what_was_missed_skipped_doubled_and_late():
    late = rows()
    late[DAY, "open"].started_at = OPEN + 31 * SECOND
    skipped = rows()
    skipped[DAY, "open"].status = "skipped"

    assert Found(DUE, {(DAY, "open"): rows()[DAY, "open"]}, LOGGED).wrong() != []
    assert Found(DUE, skipped, LOGGED).wrong() != []
    assert Found(DUE, rows(), {**LOGGED, ("opened", "2025-10-06"): 2}).wrong() != []
    assert Found(DUE, rows(), {}).wrong() != []
    assert Found(DUE, late, LOGGED).slow() == ["begun 31 s late"]


def test_what_was_found_done_is_not_counted():
    log = "\n".join(
        [
            "CME_Futures opened on 2025-10-06 (done): 0 baselines, 0 stale quotes cleared",
            "CME_Futures has closed on 2025-10-06",
            "CME_Futures closed on 2025-10-06 (late): incomplete: no tick of the session is stored",
            "CME_Futures closed on 2025-10-06 (None): incomplete: no tick of the session is stored",
        ]
    )

    assert counted(iter([log])) == LOGGED


def rows():
    ended = {"status": "done", "done_at": CLOSE + timedelta(minutes=3)}
    return {
        (DAY, "open"): SimpleNamespace(started_at=OPEN + SECOND, **ended),
        (DAY, "close"): SimpleNamespace(started_at=CLOSE + SECOND, **ended),
    }
