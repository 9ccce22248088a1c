from threading import Event
from types import SimpleNamespace

from app.operations.doctor.examination import examine
from app.operations.doctor.findings import Finding

NOTHING = SimpleNamespace(secrets=["pa55word"])


def test_groups_are_told_in_their_order():
    looks = {"b": lambda _one: [Finding("b1", "ok", ""), Finding("b2", "ok", "")], "a": lambda _one: iter(())}

    assert [one.name for one in examine(NOTHING, looks)] == ["b1", "b2"]


def test_a_group_that_fails_costs_the_others_nothing():
    def fail(_installation):
        yield Finding("before", "ok", "")
        raise RuntimeError("no pa55word")

    found = examine(NOTHING, {"bad": fail, "good": lambda _one: [Finding("good", "ok", "fine")]})

    assert [(one.name, one.level) for one in found] == [("bad", "unknown"), ("good", "ok")]
    assert found[0].detail == "could not be looked at: RuntimeError: no ***"


def test_a_group_that_never_answers_is_not_waited_for():
    never = Event()

    def hang(_installation):
        never.wait()
        return []

    found = examine(NOTHING, {"disk": hang, "good": lambda _one: [Finding("good", "ok", "")]}, limit_s=0.2)
    never.set()

    assert [(one.name, one.level) for one in found] == [("disk", "unknown"), ("good", "ok")]
