"""Requests made from the API's specification by Schemathesis, and what the answers to them break of it."""

import contextlib
import itertools
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import hooks
from schemathesis.engine import Status, events, from_schema
from schemathesis.schemas import BaseSchema

from app.api.job_shapes import KEY_HEADER

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
)
PHASES = ("examples", "coverage", "fuzzing", "stateful")
KEY = re.compile(r"[!-~]{1,150}")
STREAM_EVENTS = 2
WALKS, STEPS = 5, 8
STREAMS = ("streamQuotes", "streamAlerts", "followJob")
READY = ["2xx", "4xx", 503]
PATIENCE_S, STREAM_PATIENCE_S = 10.0, 0.5
SHOWN = 400


@dataclass
class Fuzzed:
    """What came of the requests: how many by operation, the statuses, and each broken promise once, in words."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    linked: int = 0
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """How many requests there were."""
        return self.cases.total()

    def told(self) -> list[str]:
        """A line for each operation, with its requests."""
        return [f"{count:6,}  {name}" for name, count in sorted(self.cases.items())]

    def take(self, told: events.ScenarioFinished) -> None:
        """Count a scenario, and keep what it found."""
        recorded = told.recorder
        for case in recorded.cases.values():
            self.cases[case.value.operation.label] += 1
        self.linked += sum(node.transition is not None for node in recorded.cases.values())
        self.statuses.update(one.response.status_code for one in recorded.interactions.values() if one.response)
        for name, checks in recorded.checks.items():
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info:
                    self._note(recorded.cases[name].value, check)

    def _note(self, case: Any, check: Any) -> None:
        failure = check.failure_info.failure
        label = f"{case.operation.label}: {check.name}: {failure.title}"
        self.broken.setdefault(label, f"{failure.message} {check.failure_info.code_sample}"[:SHOWN])


def configured(seed: int, examples: int, headers: Mapping[str, str], phases: tuple[str, ...] = PHASES) -> Any:
    """Schemathesis' settings: the checks above alone, as many examples for an operation, and every failure told."""
    return schemathesis.Config.from_dict(
        {
            "seed": seed,
            "continue-on-failure": True,
            "headers": dict(headers),
            "max-stream-events": STREAM_EVENTS,
            "request-timeout": PATIENCE_S,
            "workers": 1,
            "cache": {"enabled": False},
            "suppress-health-check": ["all"],
            "operations": [
                {"include-operation-id": list(STREAMS), "request-timeout": STREAM_PATIENCE_S},
                # That something makes no progress is what it is asked for.
                {
                    "include-operation-id": "getReadiness",
                    "checks": {"not_a_server_error": {"expected-statuses": READY}},
                },
            ],
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "generation": {"max-examples": examples, "deterministic": False, "no-shrink": True, "database": "none"},
            "phases": {name: {"enabled": name in phases} for name in PHASES} | {"stateful": _walks(examples, phases)},
        }
    )


def _walks(examples: int, phases: tuple[str, ...]) -> dict[str, Any]:
    # What is refused leads nowhere: along links only what is right is asked.
    generation = {"mode": "positive", "max-examples": examples * WALKS}
    return {"enabled": "stateful" in phases, "max-steps": STEPS, "generation": generation}


@contextlib.contextmanager
def new_keys() -> Iterator[None]:
    """Have most requests come under an Idempotency-Key of their own, else one that is made up twice hides the rest."""
    numbers = itertools.count()

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        number, key = next(numbers), (case.headers or {}).get(KEY_HEADER)
        if isinstance(key, str) and KEY.fullmatch(key) and number % 8:
            case.headers[KEY_HEADER] = f"{key}-{number}"

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        hooks.unregister(before_call)


def fuzz(schema: BaseSchema, found: Fuzzed) -> None:
    """Play every phase on every operation; errors of the specification itself are broken promises too."""
    with new_keys(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for told in from_schema(schema).execute():
            if isinstance(told, events.ScenarioFinished):
                found.take(told)
            elif isinstance(told, events.NonFatalError):
                found.broken.setdefault(f"{told.label}: {type(told.value).__name__}", str(told.value)[:SHOWN])
            elif isinstance(told, events.FatalError):
                raise told.exception
