import pytest

from app.access.roles import ANONYMOUS, Caller, Role


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("viewer", {"viewer"}), ("operator", {"viewer", "operator"}), ("admin", {"viewer", "operator", "admin"})],
)
def test_a_role_may_what_those_below_it_may(role, allowed):
    assert {needed.value for needed in Role if Role(role).allows(needed)} == allowed


def test_a_caller_is_named_with_its_kind_but_for_nobody_in_particular():
    assert Caller("key", "grafana", Role.VIEWER, "0" * 12).label == "key grafana"
    assert ANONYMOUS.label == "anonymous"
    assert ANONYMOUS.role is Role.VIEWER
