from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.faults.scenarios.ladder_month import Judged

DAY = date(2025, 11, 26)
OPENS = datetime(2025, 11, 26, 14, 30, tzinfo=UTC)


def report(**parts):
    known = {"session_date": DAY, "opens_at": OPENS, "made_at": OPENS - timedelta(minutes=29), "verdict": "READY"}
    return SimpleNamespace(**(known | {"reasons": []} | parts))


def test_the_judge_is_content_with_a_day_as_it_should_be():
    assert found().wrong() == []


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"days": [DAY, DAY + timedelta(days=1)]}, "no ladder"),
        ({"days": []}, "without a cash session"),
        ({"stages": lambda rows: rows[1:]}, "comprehensive is missing"),
        ({"stages": lambda rows: [changed(rows[0], status="late"), *rows[1:]]}, "comprehensive is late"),
        ({"stages": lambda rows: [changed(rows[0], jobs={"ES": 1}), *rows[1:]]}, "comprehensive has the analyses"),
        ({"reports": [report(made_at=OPENS - timedelta(minutes=24))]}, "its report is of"),
        ({"reports": [report(made_at=None)]}, "its report is of"),
        ({"reports": [report(verdict="LATE")]}, "is LATE"),
        ({"jobs": lambda rows: rows[1:]}, "expected"),
        ({"jobs": lambda rows: [*rows, job(99)]}, "belongs to no stage"),
        ({"jobs": lambda rows: [changed(rows[0], status="failed"), *rows[1:]]}, "is failed"),
        ({"results": 1}, "results"),
    ],
)
def test_the_judge_would_see_it(parts, words):
    known = vars(found())
    made = {name: part(known[name]) if callable(part) else part for name, part in parts.items()}

    assert any(words in sentence for sentence in Judged(**(known | made)).wrong())


def found():
    stages, jobs = [], []
    for stage, count in Judged([], [], [], [], 0).expected.items():
        own = [job(len(jobs) + place + 1, ["ES"] if count > 1 else ["ES", "NQ"]) for place in range(count)]
        jobs += own
        names = {str(one.id): one.id for one in own}
        stages.append(SimpleNamespace(session_date=DAY, stage=stage, status="done", reasons=[], jobs=names))
    results = sum(len(one.symbols) + 1 for one in jobs)
    return Judged([DAY], stages, [report()], jobs, results)


def job(number, symbols=("ES",)):
    return SimpleNamespace(id=number, status="done", error="", symbols=list(symbols))


def changed(row, **parts):
    return SimpleNamespace(**(vars(row) | parts))
