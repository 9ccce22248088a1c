from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import select

from app.errors import Conflict, NotFound, Rejected, Unavailable
from app.jobs.models import AnalysisJob, AnalysisResult, UserSetting
from app.jobs.preferences import PREFIX
from app.lake.manifest import find_file
from app.operations.premarket import preparing, stage_data
from app.operations.premarket.fitness import SymbolFacts
from app.operations.premarket.policy import PremarketPolicy
from app.operations.premarket.preparing import prepare_stage, prepare_unless_under_way
from app.operations.premarket.stage_data import Need, Readied
from app.premarket.definition import Ladder, Stage, StageKey, climb_on
from app.premarket.models import PremarketStage
from app.premarket.rows import end_stage, find_stage, plan_climb
from app.runtime import Runtime
from tests.desk_days import Trade, no_patience, trade, trade_at, watch_only
from tests.fakes import FixedClock, RecordingDispatch

__all__ = ["no_patience", "trade"]

ES: Final = "CME_Futures"
WEDNESDAY, THURSDAY, FRIDAY = date(2025, 10, 8), date(2025, 10, 9), date(2025, 10, 10)
OPEN = datetime(2025, 10, 9, 22, tzinfo=UTC)
DUE = datetime(2025, 10, 10, 10, 30, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
POLICY = PremarketPolicy((Ladder(ES),), "2days", ("REPLAY",))
NO_DAYS: Final[frozenset[date]] = frozenset()
Known = dict[str, SymbolFacts]
KEY = StageKey(ES, FRIDAY, "comprehensive")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(DUE)


@pytest.fixture(autouse=True)
def planned(rt: Runtime, no_patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_data, "DRAIN_S", 0.0)
    watch_only(rt, "ES")
    climb = climb_on(Ladder(ES), rt.market, FRIDAY)
    assert climb is not None
    with rt.sessions.begin() as session:
        plan_climb(session, climb)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    """What is found of symbols, in the place of files and of what puts them in order."""
    found: Known = {}
    days = frozenset({WEDNESDAY, THURSDAY})

    def gather(_stores: object, need: Need) -> list[SymbolFacts]:
        usual = (WEDNESDAY, tuple(sorted(days)), days, NO_DAYS, NO_DAYS, True, DUE - MINUTE, "REPLAY")
        return [found.get(symbol) or SymbolFacts(symbol, *usual) for symbol in need.symbols]

    monkeypatch.setattr(preparing, "ready_data", lambda *_arguments: Readied())
    monkeypatch.setattr(preparing, "gather_symbols", gather)
    return found


@pytest.fixture
def traded(trade: Trade) -> Callable[..., None]:
    def store(*symbols: str) -> None:
        for symbol in symbols or ["ES"]:
            trade(
                *(trade_at(OPEN - days * 24 * HOUR + minute * HOUR, symbol) for days in (2, 1, 0) for minute in (1, 2))
            )

    return store


def test_a_stage_is_prepared_with_an_analysis_of_each_symbol_as_of_now(
    rt: Runtime, traded: Callable[..., None], dispatch: RecordingDispatch
) -> None:
    watch_only(rt, "ES", "NQ")
    traded("ES", "NQ")

    numbers = prepare_stage(rt, POLICY, KEY)

    row = stage(rt)
    assert (row.status, row.asof, row.reasons, row.detail["missing"]) == ("started", DUE, [], [])
    assert row.jobs == dict(zip(("ES", "NQ"), numbers, strict=True))
    assert row.detail["prepared_at"] == "2025-10-10T10:30:00.000000Z"
    assert row.detail["range"] == ["2025-10-08", "2025-10-10"]
    assert row.detail["data"]["NQ"] == {
        "begins": "2025-10-08", "sessions": 2, "files": 3, "missing": [], "damaged": [], "with_bars": [],
        "source": "REPLAY", "preferred": True, "last_tick": "2025-10-10T00:00:00.000000Z",
    }  # fmt: skip
    found = jobs(rt)
    assert [(job.kind, job.symbols, job.asof, job.requested_by) for job in found] == [
        ("series", ["ES"], DUE, "premarket"),
        ("series", ["NQ"], DUE, "premarket"),
    ]
    assert all(job.parameters["fallback"] and job.start_date == WEDNESDAY and job.end_date == FRIDAY for job in found)
    assert found[0].idempotency_key == "premarket/CME_Futures/2025-10-10/comprehensive/ES/1"
    assert [word for word in dispatch.sent if word[0] == "run_job"] == [
        ("run_job", number, "urgent") for number in numbers
    ]


@pytest.mark.parametrize(("name", "kind"), [("predictions", "prediction"), ("composite", "full"), ("report", "full")])
def test_a_later_stage_asks_for_one_analysis_of_all_symbols(
    rt: Runtime, known: Known, clock: FixedClock, name: Stage, kind: str
) -> None:
    watch_only(rt, "NQ", "ES")
    clock.advance(150 * MINUTE)

    prepare_stage(rt, POLICY, KEY._replace(stage=name))

    assert [(job.kind, job.symbols, job.asof) for job in jobs(rt)] == [(kind, ["NQ", "ES"], DUE + 150 * MINUTE)]
    assert list(stage(rt, name).jobs) == ["*"]


def test_a_second_preparation_changes_nothing(
    rt: Runtime, known: Known, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    numbers = prepare_stage(rt, POLICY, KEY)
    before, sent = stage(rt), list(dispatch.sent)
    clock.advance(MINUTE)

    again = prepare_stage(rt, POLICY, KEY)

    after = stage(rt)
    assert again == numbers
    assert (after.asof, after.jobs, after.detail) == (before.asof, before.jobs, before.detail)
    assert (len(jobs(rt)), dispatch.sent) == (1, sent)


@pytest.mark.parametrize("step", ["ready_data", "gather_symbols", "submit_jobs", "send_jobs"])
@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
def test_a_preparation_that_was_killed_goes_on_with_the_same_knowledge_and_doubles_nothing(
    rt: Runtime, known: Known, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, step: str, is_done: bool
) -> None:
    watch_only(rt, "ES", "NQ")
    _kill_at(rt, monkeypatch, preparing, step, is_done)
    was_prepared = "prepared_at" in stage(rt).detail
    clock.advance(MINUTE)

    numbers = prepare_stage(rt, POLICY, KEY)

    row = stage(rt)
    assert was_prepared == (step == "send_jobs")
    assert (row.asof, row.started_at, list(row.jobs.values())) == (DUE, DUE, numbers)
    assert [(job.id, job.asof) for job in jobs(rt)] == [(number, DUE) for number in numbers]
    assert row.detail["prepared_at"] == f"2025-10-10T10:{30 if was_prepared else 31}:00.000000Z"


@pytest.mark.parametrize(("step", "is_done"), [("close_session", False), ("export_session", True)])
def test_a_preparation_that_was_killed_at_its_data_goes_on_with_them(
    rt: Runtime,
    traded: Callable[..., None],
    trade: Trade,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_done: bool,
) -> None:
    traded()
    _kill_at(rt, monkeypatch, stage_data, step, is_done)
    clock.advance(MINUTE)
    trade(trade_at(DUE + MINUTE))

    numbers = prepare_stage(rt, POLICY, KEY)

    row = stage(rt)
    assert (row.asof, row.reasons, row.jobs) == (DUE, [], {"ES": numbers[0]})
    assert [(job.id, job.asof) for job in jobs(rt)] == [(numbers[0], DUE)]
    with rt.sessions() as session:
        files = [find_file(session, "ticks", day, "ES") for day in (WEDNESDAY, THURSDAY, FRIDAY)]
    assert [file.rows if file else 0 for file in files] == [2, 2, 3]


def test_a_symbol_without_ticks_is_left_out(rt: Runtime, known: Known) -> None:
    watch_only(rt, "ES", "CL")
    known["CL"] = SymbolFacts("CL", WEDNESDAY, (WEDNESDAY, THURSDAY), NO_DAYS, NO_DAYS, NO_DAYS)

    numbers = prepare_stage(rt, POLICY, KEY)

    row = stage(rt)
    assert row.jobs == {"ES": numbers[0]}
    assert row.detail["left_out"] == {"CL": "there is no tick of it since 2025-10-08"}
    assert "CL is left out: there is no tick of it since 2025-10-08" in row.reasons


def test_a_stage_without_any_symbol_fails(rt: Runtime, known: Known) -> None:
    known["ES"] = SymbolFacts("ES", WEDNESDAY, (WEDNESDAY, THURSDAY), NO_DAYS, NO_DAYS, NO_DAYS)

    assert prepare_stage(rt, POLICY, KEY) == []

    row = stage(rt)
    assert (row.status, row.done_at, row.jobs, jobs(rt)) == ("failed", DUE, {}, [])
    assert row.reasons[0] == "ES is left out: there is no tick of it since 2025-10-08"
    assert row.reasons[-1] == "there is no symbol to analyse: see `flask watchlist`"


def test_a_symbol_that_an_earlier_stage_rejected_is_left_out_of_the_composite(
    rt: Runtime, known: Known, clock: FixedClock
) -> None:
    watch_only(rt, "ES", "NQ", "RTY")
    numbers = prepare_stage(rt, POLICY, KEY)
    fail(rt, numbers[2], "its ticks cannot be read")
    for number, symbol, verdict in zip(numbers[:2], ("ES", "NQ"), ("ok", "reject"), strict=True):
        judge(rt, number, symbol, verdict)
    clock.advance(2 * HOUR)

    prepare_stage(rt, POLICY, KEY._replace(stage="predictions"))
    prepare_stage(rt, POLICY, KEY._replace(stage="composite"))

    assert [job.symbols for job in jobs(rt)[3:]] == [["ES", "NQ", "RTY"], ["ES"]]
    assert stage(rt, "composite").detail["left_out"] == {
        "NQ": "comprehensive found its data too poor (reject)",
        "RTY": "its analyses failed: its ticks cannot be read",
    }


def test_a_symbol_that_a_later_stage_found_good_takes_part(rt: Runtime, known: Known, clock: FixedClock) -> None:
    judge(rt, prepare_stage(rt, POLICY, KEY)[0], "ES", "reject")
    clock.advance(HOUR)
    judge(rt, prepare_stage(rt, POLICY, KEY._replace(stage="patterns"))[0], "ES", "degraded")
    clock.advance(HOUR)

    assert len(prepare_stage(rt, POLICY, KEY._replace(stage="composite"))) == 1


def test_a_stage_that_has_ended_is_left_alone(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    with rt.sessions.begin() as session:
        end_stage(session, KEY, DUE, "skipped", reasons=["nobody saw to it"])
    monkeypatch.delattr(preparing, "ready_data")

    assert prepare_stage(rt, POLICY, KEY) == []

    assert (stage(rt).status, stage(rt).asof, jobs(rt)) == ("skipped", None, [])


def test_a_stage_that_ends_meanwhile_gets_no_analyses(
    rt: Runtime, known: Known, monkeypatch: pytest.MonkeyPatch, dispatch: RecordingDispatch
) -> None:
    whole = preparing.gather_symbols

    def ended(*arguments: Any) -> Any:
        with rt.sessions.begin() as session:
            end_stage(session, KEY, DUE, "failed", reasons=["its time was over"])
        return whole(*arguments)

    monkeypatch.setattr(preparing, "gather_symbols", ended)

    assert prepare_stage(rt, POLICY, KEY) == []

    assert (stage(rt).reasons, jobs(rt), dispatch.sent) == (["its time was over"], [], [])


def test_two_do_not_prepare_a_stage_at_once(rt: Runtime, known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = []
    whole = preparing.ready_data

    def meanwhile(*arguments: Any) -> Any:
        with pytest.raises(Conflict) as refused:
            prepare_stage(rt, POLICY, KEY)
        refusals.append(str(refused.value))
        prepare_unless_under_way(rt, POLICY, KEY)
        return whole(*arguments)

    monkeypatch.setattr(preparing, "ready_data", meanwhile)

    assert len(prepare_stage(rt, POLICY, KEY)) == 1

    assert refusals == [f"another process prepares comprehensive of {ES} on {FRIDAY}: wait for it"]


def test_analyses_that_cannot_be_sent_stay_asked_for(
    rt: Runtime, known: Known, dispatch: RecordingDispatch, caplog: pytest.LogCaptureFixture
) -> None:
    dispatch.run_job = _away

    numbers = prepare_stage(rt, POLICY, KEY)

    assert list(stage(rt).jobs.values()) == numbers == [job.id for job in jobs(rt)]
    assert "are sent by the next tick: the queue is away" in caplog.text


def test_analyses_are_not_sent_where_that_is_not_wanted(rt: Runtime, known: Known, dispatch: RecordingDispatch) -> None:
    assert prepare_stage(rt, POLICY, KEY, send=False) == [job.id for job in jobs(rt)]

    assert dispatch.sent == []


def test_settings_that_no_analysis_can_have_are_told_and_nothing_is_asked_for(rt: Runtime, known: Known) -> None:
    with rt.sessions.begin() as session:
        session.add(UserSetting(name=f"{PREFIX}equity", value=-1, updated_at=DUE))

    with pytest.raises(Conflict, match="cannot be used, change it first"):
        prepare_stage(rt, POLICY, KEY)

    row = stage(rt)
    assert row.reasons[0].startswith("its analyses cannot be asked for: the setting analysis.equity cannot be used")
    assert (row.jobs, "prepared_at" in row.detail, jobs(rt)) == ({}, False, [])


def test_an_earlier_as_of_can_be_asked_for(rt: Runtime, known: Known) -> None:
    prepare_stage(rt, POLICY, KEY, asof=DUE - HOUR)

    assert (stage(rt).asof, stage(rt).started_at, jobs(rt)[0].asof) == (DUE - HOUR, DUE, DUE - HOUR)


def test_what_cannot_be_prepared_is_refused(rt: Runtime) -> None:
    with pytest.raises(Rejected, match="lies in the future"):
        prepare_stage(rt, POLICY, KEY, asof=DUE + MINUTE)
    with pytest.raises(Rejected, match="verify has nothing to prepare"):
        prepare_stage(rt, POLICY, KEY._replace(stage="verify"))
    with pytest.raises(NotFound, match="comprehensive of CME_Futures on 2025-10-09 was never planned"):
        prepare_stage(rt, POLICY, KEY._replace(day=THURSDAY))

    assert stage(rt).status == "planned"


@pytest.mark.parametrize("error", [Unavailable("no server"), RedisConnectionError("refused")])
def test_a_server_that_is_away_is_waited_for(
    rt: Runtime,
    known: Known,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def fail_at(*_arguments: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "ready_data", fail_at)
        prepare_unless_under_way(rt, POLICY, KEY)
    assert (stage(rt).status, jobs(rt)) == ("started", [])
    assert f"comprehensive of {ES} on {FRIDAY} is not prepared yet: {error}" in caplog.text

    prepare_unless_under_way(rt, POLICY, KEY)

    assert len(jobs(rt)) == 1


def test_an_error_of_the_work_itself_is_not_hidden(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_at(*_arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(preparing, "ready_data", fail_at)

    with pytest.raises(ZeroDivisionError):
        prepare_unless_under_way(rt, POLICY, KEY)


def stage(rt: Runtime, name: Stage = "comprehensive") -> PremarketStage:
    with rt.sessions() as session:
        found = find_stage(session, KEY._replace(stage=name))
    assert found is not None
    return found


def jobs(rt: Runtime) -> list[AnalysisJob]:
    with rt.sessions() as session:
        return list(session.scalars(select(AnalysisJob).order_by(AnalysisJob.id)))


def judge(rt: Runtime, number: int, symbol: str, verdict: str) -> None:
    with rt.sessions.begin() as session:
        session.add(
            AnalysisResult(
                job_id=number, scope=symbol, asof=DUE, created_at=DUE, action="HOLD", reason_code="no_skill",
                verdict=verdict, document={},
            )
        )  # fmt: skip


def fail(rt: Runtime, number: int, error: str) -> None:
    with rt.sessions.begin() as session:
        job = session.get_one(AnalysisJob, number)
        job.status, job.error, job.finished_at = "failed", error, DUE


def _kill_at(rt: Runtime, monkeypatch: pytest.MonkeyPatch, module: Any, step: str, is_done: bool) -> None:
    whole = getattr(module, step)

    def killed(*arguments: Any, **options: Any) -> None:
        if is_done:
            whole(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, step, killed)
        with pytest.raises(KeyboardInterrupt):
            prepare_stage(rt, POLICY, KEY)


def _away(*_arguments: Any, **_options: Any) -> None:
    raise Unavailable("the queue is away")
