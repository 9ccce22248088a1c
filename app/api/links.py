"""Which operation an answer leads to: what tools follow, and what a reader of the documentation may do next."""

from typing import Any, Final, NamedTuple


class Link(NamedTuple):
    """From the answers of an operation to another one, whose parameter is read of the answer or of its request."""

    origin: str
    target: str
    parameter: str
    value: str


_JOB: Final = tuple(
    Link(origin, target, "job_id", place)
    for origin, place in (
        ("submitJob", "$response.body#/job/id"),
        ("retryJob", "$response.body#/job/id"),
        ("getJobs", "$response.body#/jobs/0/id"),
    )
    for target in ("getJob", "followJob", "cancelJob", "getJobResults")
)
_ALERT: Final = tuple(
    Link("getAlerts", target, "alert_id", "$response.body#/alerts/0/id")
    for target in ("getAlert", "acknowledgeAlert", "resolveAlert")
)
_LETTER: Final = tuple(
    Link("getDeadLetters", target, "letter_id", "$response.body#/dead_letters/0/id")
    for target in ("getDeadLetter", "correctDeadLetter", "redriveDeadLetter", "discardDeadLetter")
)
_COLLECTOR: Final = tuple(
    Link("getCollectors", target, "source", "$response.body#/collectors/0/source")
    for target in ("getCollector", "startCollector", "stopCollector", "restartCollector", "automateCollector")
)
NEXT_LINK: Final[dict[str, Any]] = {
    "description": 'the address of the next page, as rel="next" (RFC 8288); absent on the last one',
    "schema": {"type": "string"},
}
LINKS: Final = (
    *_JOB,
    Link("cancelJob", "retryJob", "job_id", "$request.path.job_id"),
    *_ALERT,
    Link("acknowledgeAlert", "getAlert", "alert_id", "$request.path.alert_id"),
    *_LETTER,
    Link("correctDeadLetter", "redriveDeadLetter", "letter_id", "$request.path.letter_id"),
    *_COLLECTOR,
    Link("getLadders", "getLadder", "day", "$response.body#/ladders/0/session_date"),
    Link("getLadders", "getPremarketReport", "day", "$response.body#/ladders/0/session_date"),
    Link("getSessions", "getSessionRecords", "day", "$response.body#/sessions/0/session_date"),
    Link("getInstruments", "getRolls", "symbol", "$response.body#/instruments/0/symbol"),
)


def describe_links(operations: dict[str, Any]) -> None:
    """Add the links to the answers of operations, which come by their names."""
    paged = [name for name, told in operations.items() if any(one["name"] == "cursor" for one in told["parameters"])]
    for name in paged:
        operations[name]["responses"]["200"].setdefault("headers", {}).setdefault("Link", NEXT_LINK)
    pages = (Link(name, name, "cursor", "$response.body#/next_cursor") for name in paged)
    for link in (*LINKS, *pages):
        for status, answer in operations[link.origin]["responses"].items():
            if status.startswith("2"):
                answer.setdefault("links", {})[link.target] = {
                    "operationId": link.target,
                    "parameters": {link.parameter: link.value},
                }
