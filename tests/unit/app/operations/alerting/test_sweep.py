from app.alerts.rules import RULES
from app.operations.alerting.sweep import FINDERS, NOT_AT_THE_START


def test_every_rule_that_is_no_event_is_looked_for() -> None:
    assert set(FINDERS) == {name for name, rule in RULES.items() if not rule.event}
    assert set(FINDERS) > NOT_AT_THE_START
