import io

from rich.console import Console

from app.cli.doctor import password_in, ports_of, report, table_of
from app.local.status import ProcessStatus
from app.operations.doctor.findings import Finding, count_levels

SINCE = "2025-10-09T15:30:00Z"
FOUND = [Finding("room", "ok", "fine"), Finding("eviction", "wrong", "[allkeys-lru]", "start it with `noeviction`")]


def test_the_report_says_whether_all_is_well():
    assert report(FOUND, count_levels(FOUND))["well"] is False
    assert report(FOUND[:1], count_levels(FOUND[:1])) == {
        "well": True,
        "counts": {"wrong": 0, "warning": 0, "unknown": 0, "ok": 1},
        "findings": [{"name": "room", "level": "ok", "detail": "fine", "fix": ""}],
    }


def test_the_table_shows_brackets_as_they_are():
    output = io.StringIO()
    Console(file=output, width=200).print(table_of(FOUND))

    assert "[allkeys-lru]" in output.getvalue()
    assert "start it with `noeviction`" in output.getvalue()


def test_ports_are_those_of_this_machine():
    processes = [
        ProcessStatus("web", "running", SINCE, 2, url="http://127.0.0.1:8000/"),
        ProcessStatus("beat", "running", SINCE, 3),
    ]

    assert ports_of(processes, ["postgresql://u:p@localhost/d", "redis://:p@cache.example.com:6380/0"]) == {
        "web": 8000,
        "postgres": 5432,
    }


def test_the_password_of_an_address_is_found():
    assert password_in("redis://:p%40ss@h/0") == "p@ss"
    assert (password_in("redis://h/0"), password_in(None)) == (None, None)
