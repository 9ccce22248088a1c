"""What can be wrong: the rules of alerts, how grave each is, and how long it must be clear to be over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

Severity = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")
_A_WHILE: Final = timedelta(minutes=2)
_A_DAY: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Rule:
    """A rule: what it says in a few words, its usual severity, and how long it must be clear before it is over.

    One of an `event` is raised when that happens, and is over once it did not happen again for `clear_after`.
    """

    name: str
    title: str
    severity: Severity
    clear_after: timedelta = _A_WHILE
    event: bool = False


@dataclass(frozen=True)
class Condition:
    """That a rule finds something wrong with `subject`, which may be empty; `severity` where it is not the rule's.

    `detail` is a line for a person that says what to do, `facts` are the figures behind it.
    """

    rule: str
    subject: str
    detail: str
    severity: Severity | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_RULES: Final = (
    Rule("premarket_late", "The analysis before the open is late", "critical"),
    Rule("premarket_missing_data", "Data for the analysis before the open are missing", "warning"),
    Rule("premarket_failure", "A stage before the open failed", "critical", _A_DAY, event=True),
    Rule("premarket_cache_miss", "The report was not in the cache", "warning", _A_DAY, event=True),
    Rule("premarket_verdict", "The report before the open is to be used with care, or is not there", "warning"),
    Rule("model_degraded", "Predictions did worse than the base rate", "warning"),
    Rule("source_silent", "A source brings nothing new", "critical"),
    Rule("sources_disagree", "Live sources disagree", "warning"),
    Rule("login_expiring", "A login is about to expire", "warning"),
    Rule("disk_low", "A disk is nearly full", "warning"),
    Rule("bucket_behind", "The copy of the lake in the bucket is behind", "warning"),
    Rule("clock_skew", "Clocks differ", "warning"),
    Rule("ingest_lag", "Quotes are not stored as they come", "critical"),
    Rule("stream_full", "The stream is nearly full", "critical"),
    Rule("dead_letters", "Entries could not be stored", "warning"),
    Rule("losses", "Events were lost without an explanation", "critical"),
    Rule("session_overdue", "An open or close is overdue", "critical"),
    Rule("session_failed", "A session could not be certified", "warning"),
    Rule("jobs_stuck", "Analyses wait, and nobody works on them", "warning"),
    Rule("queue_silent", "A worker shows no sign of life", "critical"),
    Rule("alert_channel", "Messages about alerts could not be sent", "warning", _A_DAY, event=True),
    Rule("channel_test", "A message was asked for to test a channel", "info", event=True),
)
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.name: rule for rule in _RULES})


def severity_of(condition: Condition) -> Severity:
    """How grave what a condition finds is."""
    return condition.severity or RULES[condition.rule].severity
