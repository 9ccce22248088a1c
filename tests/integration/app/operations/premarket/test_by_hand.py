from datetime import date, timedelta

import pytest

from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.jobs.running import run_job
from app.operations.premarket import by_hand
from app.operations.premarket.by_hand import Doing, climb_by_hand
from app.operations.premarket.climbing import ladder_steps
from app.operations.premarket.hand_lock import by_hand_alone, is_by_hand
from app.operations.premarket.hand_plan import describe_steps, plan_by_hand
from app.operations.premarket.ladder_plan import JudgeClimb, VerifyReport
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import AHEAD, STAGES, Ladder, StageKey
from app.premarket.rows import end_stage, find_stage, note_stage, stages_of, start_stage
from tests.analyses import SteppedAnalysis, ask
from tests.fakes import FixedClock
from tests.premarket_days import DAY, MARKET, OPENS, climbed

POLICY = PremarketPolicy((Ladder(MARKET),))
HOUR = timedelta(hours=1)


class Hands:
    """Stands in for what is done at each stage: one analysis of ES, which ends it; keeps what it was asked to do."""

    def __init__(self, rt):
        self.rt, self.done, self.told = rt, [], []
        self.stays_open = frozenset()

    @property
    def doing(self):
        """What a climb by hand takes."""
        return Doing(self.run, self.prepare, self.finish, self.verify, self.judge)

    def climb(self, day=DAY):
        """Climb what is planned for a day."""
        return climb_by_hand(self.rt, POLICY, plan_by_hand(self.rt, POLICY, MARKET, day), self.doing, self.told.append)

    def run(self, job_id):
        """Do the job."""
        self.done.append("run")
        return run_job(self.rt, job_id, self.rt.run_limits, worker="test", analyse=SteppedAnalysis())

    def prepare(self, _stores, _policy, key, _tell, *, asof, send):
        """Begin the stage and ask for its analysis."""
        now = self.rt.clock.now()
        self.done.append((key.stage, asof, send))
        with self.rt.sessions.begin() as session:
            start_stage(session, key, now, asof or now)
        number = ask(
            self.rt, "ES", kind="series", asof=now + timedelta(microseconds=STAGES.index(key.stage) - 60_000_000)
        )
        with self.rt.sessions.begin() as session:
            note_stage(session, key, jobs={"ES": number})
        return [number]

    def finish(self, _stores, _policy, key, *, gave_up):
        """End the stage, unless it stays open as long as it is not given up."""
        self.done.append(("finish", gave_up))
        if key.stage in self.stays_open and not gave_up:
            return None
        with self.rt.sessions.begin() as session:
            end_stage(session, key, self.rt.clock.now(), "done")
        return "done"

    def verify(self, _stores, market, day):
        """Keep that it was done."""
        self.done.append(("verify", market, day))

    def judge(self, _stores, market, day):
        """Keep that it was done; all is well."""
        self.done.append(("judge", market, day))
        return "READY"


@pytest.fixture
def clock():
    return FixedClock(OPENS - 2 * HOUR)


@pytest.fixture
def hands(rt):
    return Hands(rt)


def stages_prepared(hands):
    return [one for one in hands.done if isinstance(one, tuple) and one[0] in AHEAD]


def test_before_the_open_every_stage_is_worked_in_order_with_what_is_known_and_judged(rt, hands):
    assert hands.climb() == "READY"

    assert stages_prepared(hands) == [(stage, None, False) for stage in AHEAD]
    assert hands.done[:3] == [("comprehensive", None, False), "run", ("finish", False)]
    assert hands.done[-1] == ("judge", MARKET, DAY)
    with rt.sessions() as session:
        assert [row.status for row in stages_of(session, MARKET, DAY)] == ["done"] * 5 + ["planned"]
    assert "comprehensive: done" in hands.told


def test_on_a_past_day_each_stage_sees_what_was_known_when_it_was_planned(clock, hands):
    clock.advance(26 * HOUR)

    hands.climb()

    before = {"comprehensive": 180, "patterns": 120, "predictions": 90, "composite": 60, "report": 30}
    assert stages_prepared(hands) == [
        (stage, OPENS - timedelta(minutes=minutes), False) for stage, minutes in before.items()
    ]
    assert hands.done[-2:] == [("verify", MARKET, DAY), ("judge", MARKET, DAY)]


def test_stages_that_have_ended_are_left_as_they_are(rt, hands):
    climbed(rt, ended=("comprehensive", "patterns"), verdict=None)

    hands.climb()

    assert [stage for stage, *_ in stages_prepared(hands)] == ["predictions", "composite", "report"]


def test_a_stage_that_does_not_end_is_given_up_in_the_end(hands):
    hands.stays_open = {"patterns"}

    hands.climb()

    assert [one for one in hands.done if isinstance(one, tuple) and one[0] == "finish"][1:4] == [
        ("finish", False),
        ("finish", False),
        ("finish", True),
    ]


def test_a_stage_that_ends_in_its_preparation_is_not_finished_again(rt, hands):
    def prepare(_stores, _policy, key, _tell, **_told):
        with rt.sessions.begin() as session:
            start_stage(session, key, rt.clock.now(), rt.clock.now())
            end_stage(session, key, rt.clock.now(), "failed", reasons=["no symbol is left"])
        return []

    hands.prepare = prepare
    hands.climb()

    assert hands.done == [("judge", MARKET, DAY)]
    assert "report: failed: no symbol is left" in hands.told


def test_an_analysis_that_a_worker_took_first_is_waited_for(rt, hands, monkeypatch):
    ways = []

    def run_elsewhere(job_id):
        ways.append(job_id)
        return "not taken"

    monkeypatch.setattr(by_hand.time, "sleep", lambda _s: Hands.run(hands, ways[-1]))
    hands.run = run_elsewhere

    assert hands.climb() == "READY"
    assert hands.done.count("run") == len(ways) == 5


def test_it_ends_when_the_database_went_away_while_an_analysis_ran(hands):
    hands.run = lambda _job_id: "left"

    with pytest.raises(Unavailable, match="call this again"):
        hands.climb()


def test_the_tick_leaves_a_ladder_alone_that_is_worked_by_hand(rt, clock, hands):
    climbed(rt, ended=(), verdict=None)

    def of_day():
        return [step for step in ladder_steps(rt, POLICY) if getattr(step, "key", None)]

    assert of_day()
    with by_hand_alone(rt, MARKET, DAY):
        assert not of_day()
        with rt.sessions() as session:
            assert is_by_hand(session, MARKET, DAY)
            assert not is_by_hand(session, MARKET, date(2025, 10, 8))
    assert of_day()


def test_two_do_not_work_a_ladder_by_hand_at_once(rt, hands):
    with by_hand_alone(rt, MARKET, DAY), pytest.raises(Conflict, match="another process works the ladder"):
        hands.climb()
    assert hands.done == []
    assert hands.climb() == "READY"


def test_a_plan_tells_its_steps_and_changes_nothing(rt, clock):
    clock.advance(26 * HOUR)

    plan = plan_by_hand(rt, POLICY, MARKET, DAY)

    assert [type(step) for step in plan.steps[-2:]] == [VerifyReport, JudgeClimb]
    lines = describe_steps(plan)
    assert lines[0].startswith(
        "comprehensive: export what is missing, ask for the analyses with what was known at 2025-10"
    )
    assert lines[0].endswith("T10:30:00Z, run and finish them")
    with rt.sessions() as session:
        assert find_stage(session, StageKey(MARKET, DAY, "report")) is None


@pytest.mark.parametrize(
    ("hours", "day"),
    [(-16, date(2025, 10, 8)), (-14, DAY), (0, DAY), (5, DAY), (24 * 3, date(2025, 10, 10))],
)
def test_without_a_day_it_is_the_one_whose_session_runs_or_was_the_last(rt, clock, hours, day):
    clock.advance(2 * HOUR + hours * HOUR)

    assert plan_by_hand(rt, POLICY, MARKET).climb.day == day


def test_a_report_that_is_made_is_not_made_again(rt):
    climbed(rt)

    with pytest.raises(Conflict, match="flask premarket report --date=2025-10-09"):
        plan_by_hand(rt, POLICY, MARKET, DAY)


def test_a_ladder_that_ended_without_a_report_is_not_worked_again(rt, clock):
    climbed(rt, ended=AHEAD[:-1], verdict=None)
    with rt.sessions.begin() as session:
        end_stage(session, StageKey(MARKET, DAY, "report"), OPENS, "skipped", reasons=["nobody saw to it"])

    with pytest.raises(Conflict, match=r"over without a report.*report skipped: nobody saw to it"):
        plan_by_hand(rt, POLICY, MARKET, DAY)


@pytest.mark.parametrize(
    ("market", "day", "error", "words"),
    [
        (MARKET, date(2025, 10, 10), Rejected, "cannot be worked before 2025-10-09T22:00:00Z"),
        (MARKET, date(2025, 10, 11), NotFound, "a weekend"),
        ("CME_FX", None, NotFound, "are not prepared"),
    ],
)
def test_a_day_that_cannot_be_worked_says_why(rt, market, day, error, words):
    with pytest.raises(error, match=words):
        plan_by_hand(rt, POLICY, market, day)
