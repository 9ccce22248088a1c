from datetime import timedelta

import pytest

from app.premarket.forms import phase_of, report_form, stage_form
from tests.premarket_days import OPENS, report_row, stage_row


def test_a_stage_that_waits_has_times_and_nothing_else():
    told = stage_form(stage_row("patterns"))

    assert (told["stage"], told["status"], told["planned_at"]) == ("patterns", "planned", "2025-10-09T12:30:00.000000Z")
    assert [told[name] for name in ("asof", "started_at", "done_at", "late_s")] == [None] * 4
    assert (told["reasons"], told["jobs"]) == ([], {})


def test_a_ladder_tells_its_verdict_and_how_long_it_is_to_the_open():
    row = report_row(verdict="DEGRADED", reasons=["ES has no tick"], made_at=OPENS, sha256="ab", job_id=7)

    told = report_form(row, [stage_row()], OPENS - timedelta(seconds=90.5))

    assert (told["market"], told["session_date"], told["seconds_to_open"]) == ("CME_Futures", "2025-10-09", 91)
    assert (told["verdict"], told["reasons"], told["job_id"]) == ("DEGRADED", ["ES has no tick"], 7)
    assert (told["made_at"], told["asof"]) == ("2025-10-09T13:30:00.000000Z", None)
    assert [one["stage"] for one in told["stages"]] == ["composite"]


@pytest.mark.parametrize(
    ("status", "reasons", "verdict"),
    [
        ("planned", [], None),
        ("started", ["ES lacks a day"], None),
        ("done", [], "ok"),
        ("done", ["ES lacks a day"], "degraded"),
        ("late", [], "degraded"),
        ("failed", ["no symbol"], "failed"),
        ("skipped", ["nobody saw to it"], "skipped"),
    ],
)
def test_a_stage_that_has_ended_has_a_verdict(status, reasons, verdict):
    assert stage_form(stage_row(status=status, reasons=reasons))["verdict"] == verdict


@pytest.mark.parametrize(("since_s", "told"), [(0, 0), (0.4, 0), (90, -90)])
def test_an_open_that_has_passed_counts_on(since_s, told):
    assert report_form(report_row(), [], OPENS + timedelta(seconds=since_s))["seconds_to_open"] == told


@pytest.mark.parametrize(
    ("statuses", "minutes", "phase"),
    [
        (("planned", "planned"), 61, "waiting"),
        (("planned", "planned"), 60, "climbing"),
        (("started", "planned"), 61, "climbing"),
        (("done", "started"), 10, "climbing"),
        (("late", "failed", "skipped", "done"), 10, "over"),
        ((), 1, "waiting"),
        ((), 0, "over"),
    ],
)
def test_a_ladder_waits_climbs_and_is_over(statuses, minutes, phase):
    stages = [stage_row(status=status) for status in statuses]

    assert phase_of(report_row(), stages, OPENS - timedelta(minutes=minutes)) == phase
