from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from app.alerts.models import Alert
from app.alerts.rules import RULES, Condition
from app.alerts.store import (
    acknowledge_alert,
    find_alert,
    list_alerts,
    note_conditions,
    raise_alert,
    resolve_alert,
    resolve_condition,
)
from app.errors import Conflict, NotFound, Rejected
from tests.alerting import NOW, disk, silent

SECOND = timedelta(seconds=1)
CLEAR_AFTER = RULES["source_silent"].clear_after
CHECKED = ("source_silent", "disk_low")


def test_a_condition_is_one_alert_for_as_long_as_it_lasts(db_session):
    first = raise_alert(db_session, silent(facts={"age_s": 45}), NOW)

    again = raise_alert(db_session, silent(detail="nothing for 90 s", facts={"age_s": 90}), NOW + 45 * SECOND)

    assert again.id == first.id
    assert (again.raised_at, again.seen_at) == (NOW, NOW + 45 * SECOND)
    assert (again.detail, again.facts, again.severity) == ("nothing for 90 s", {"age_s": 90}, "critical")


def test_alerts_are_numbered_in_a_row_however_often_one_is_found(db_session):
    first = raise_alert(db_session, silent(), NOW)
    for _look in range(5):
        raise_alert(db_session, silent(), NOW)

    assert raise_alert(db_session, disk(), NOW).id == first.id + 1


def test_each_subject_has_an_alert_of_its_own(db_session):
    assert raise_alert(db_session, silent("SCHWAB"), NOW).id != raise_alert(db_session, silent("EXCEL"), NOW).id


def test_what_is_raised_by_several_at_once_is_one_alert(sessions):
    together = Barrier(4)

    def raise_it(_number):
        with sessions.begin() as session:
            session.connection()
            together.wait(timeout=10)
            return raise_alert(session, silent(), NOW).id

    with ThreadPoolExecutor(4) as pool:
        numbers = set(pool.map(raise_it, range(4)))

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == len(numbers) == 1


def test_several_looks_at_many_conditions_never_wait_for_each_other(sessions):
    together = Barrier(2)
    conditions = [silent(f"S{number}") for number in range(20)] + [disk(f"/{number}") for number in range(20)]

    def look(order):
        for turn in range(5):
            together.wait(timeout=10)
            with sessions.begin() as session:
                note_conditions(session, conditions[::order], CHECKED, NOW + turn * SECOND)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(look, (1, -1)))

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == len(conditions)


def test_a_graver_condition_escalates_and_a_less_grave_one_does_not_lower(db_session):
    raise_alert(db_session, disk(), NOW)

    worse = note_conditions(db_session, [disk(severity="critical")], CHECKED, NOW + SECOND)
    better = note_conditions(db_session, [disk(detail="5 % is free")], CHECKED, NOW + 2 * SECOND)

    [alert] = worse.escalated
    assert (worse.raised, better.escalated) == ([], [])
    assert (alert.severity, alert.detail) == ("critical", "5 % is free")


def test_of_two_conditions_of_a_subject_the_gravest_counts(db_session):
    changes = note_conditions(db_session, [disk(severity="critical"), disk(), disk(severity="info")], CHECKED, NOW)

    assert [alert.severity for alert in changes.raised] == ["critical"]


def test_an_alert_is_over_once_its_condition_has_been_gone_for_long_enough(db_session):
    raise_alert(db_session, silent(), NOW)

    gone = note_conditions(db_session, [], CHECKED, NOW + SECOND)
    early = note_conditions(db_session, [], CHECKED, NOW + CLEAR_AFTER)
    late = note_conditions(db_session, [], CHECKED, NOW + SECOND + CLEAR_AFTER)

    [alert] = late.resolved
    assert (gone.resolved, early.resolved) == ([], [])
    assert (alert.clear_since, alert.resolved_at) == (NOW + SECOND, NOW + SECOND + CLEAR_AFTER)
    assert alert.resolved_by == "rule"


def test_a_condition_that_comes_back_in_time_goes_on_as_it_was(db_session):
    raise_alert(db_session, silent(), NOW)
    note_conditions(db_session, [], CHECKED, NOW + SECOND)

    back = note_conditions(db_session, [silent()], CHECKED, NOW + 2 * SECOND)
    gone = note_conditions(db_session, [], CHECKED, NOW + SECOND + CLEAR_AFTER)

    assert (back.raised, gone.resolved) == ([], [])


def test_a_rule_that_could_not_be_checked_leaves_its_alerts_alone(db_session):
    alert = raise_alert(db_session, silent(), NOW)

    for later in (SECOND, 10 * CLEAR_AFTER):
        assert note_conditions(db_session, [], ("disk_low",), NOW + later).resolved == []
    assert (alert.clear_since, alert.resolved_at) == (None, None)


def test_an_event_is_over_once_it_did_not_happen_again_for_long_enough(db_session):
    rule = RULES["premarket_failure"]
    failed = Condition(rule.name, "CME_Futures 2026-03-04 composite", "failed")
    raise_alert(db_session, failed, NOW)
    raise_alert(db_session, failed, NOW + timedelta(hours=3))

    early = note_conditions(db_session, [], [], NOW + rule.clear_after)
    late = note_conditions(db_session, [], [], NOW + timedelta(hours=3) + rule.clear_after)

    assert (early.resolved, [alert.rule for alert in late.resolved]) == ([], [rule.name])


def test_what_was_over_and_comes_again_is_another_alert(db_session):
    first = raise_alert(db_session, silent(), NOW)
    resolve_alert(db_session, first.id, NOW + SECOND, by="ann")

    assert raise_alert(db_session, silent(), NOW + 2 * SECOND).id > first.id


def test_an_alert_is_acknowledged_by_the_first_who_says_so(db_session):
    alert = raise_alert(db_session, silent(), NOW)

    acknowledge_alert(db_session, alert.id, NOW + SECOND, by="ann", note="restarting the feed")
    again = acknowledge_alert(db_session, alert.id, NOW + 2 * SECOND, by="bob", note="me too")

    assert (again.acknowledged_by, again.acknowledged_at, again.note) == ("ann", NOW + SECOND, "restarting the feed")
    assert again.resolved_at is None


def test_an_alert_is_ended_by_hand_once(db_session):
    alert = raise_alert(db_session, silent(), NOW)

    ended = resolve_alert(db_session, alert.id, NOW + SECOND, by="ann", note="was a holiday")

    assert (ended.resolved_by, ended.resolved_at, ended.note) == ("ann", NOW + SECOND, "was a holiday")
    for change in (acknowledge_alert, resolve_alert):
        with pytest.raises(Conflict, match="is over since 2026-03-04 12:00 UTC"):
            change(db_session, alert.id, NOW, by="bob")


def test_an_alert_that_does_not_exist_is_not_found(db_session):
    for change in (acknowledge_alert, resolve_alert):
        with pytest.raises(NotFound, match="there is no alert 4711"):
            change(db_session, 4711, NOW, by="ann")
    with pytest.raises(NotFound, match="flask alerts --all"):
        find_alert(db_session, 4711)


def test_a_rule_ends_its_alert_of_a_subject_at_once(db_session):
    alert = raise_alert(db_session, silent(), NOW)

    assert resolve_condition(db_session, "source_silent", "EXCEL", NOW) is None
    assert resolve_condition(db_session, "source_silent", "SCHWAB", NOW).id == alert.id
    assert resolve_condition(db_session, "source_silent", "SCHWAB", NOW) is None


def test_texts_become_one_line_that_the_database_and_terminals_take(db_session):
    alert = raise_alert(db_session, silent("a\x00b" * 100, "one\nline \x1b[31m\x00 of\ttext"), NOW)

    assert alert.detail == "one line [31m of text"
    assert len(alert.subject) == 120
    assert raise_alert(db_session, silent("a\x00b" * 100), NOW).id == alert.id


@pytest.mark.parametrize("change", [acknowledge_alert, resolve_alert])
def test_who_changes_an_alert_is_named_in_letters_that_the_database_and_terminals_take(db_session, change):
    alert = raise_alert(db_session, silent(), NOW)
    with pytest.raises(Rejected, match="say who does it"):
        change(db_session, alert.id, NOW, by="\x00 \x1b")
    changed = change(db_session, alert.id, NOW, by="an\x00n\x1b[31m")
    assert "an n [31m" in (changed.acknowledged_by, changed.resolved_by)


def test_alerts_are_listed_newest_first_by_what_is_asked(db_session):
    old = raise_alert(db_session, silent(), NOW)
    resolve_alert(db_session, old.id, NOW, by="ann")
    low = raise_alert(db_session, disk(), NOW + SECOND)
    new = raise_alert(db_session, silent("EXCEL"), NOW + 2 * SECOND)

    def listed(**wanted):
        return [alert.id for alert in list_alerts(db_session, **wanted)]

    assert listed() == [new.id, low.id, old.id]
    assert listed(unresolved=True) == [new.id, low.id]
    assert listed(unresolved=False) == [old.id]
    assert listed(rule="source_silent") == [new.id, old.id]
    assert listed(severity="warning") == [low.id]
    assert listed(before=new.id, limit=1) == [low.id]
