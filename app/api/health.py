"""GET /api/health, /api/health/live and /api/health/ready."""

from http import HTTPStatus
from typing import Any, Final

from apiflask import APIBlueprint

from app.api.answers import LivenessAnswer, ReadinessAnswer
from app.api.parts import parts
from app.api.problems import MEDIA_TYPE
from app.api.sse.hub import EventHub
from app.operations.health import Check

STREAM_SILENCE_S: Final = 15.0

_NOT_READY: Final[Any] = {
    503: {
        "description": "Some part makes no progress; a problem document where it cannot be told who asks",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/ReadinessAnswer"}},
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
}

health = APIBlueprint("health", __name__, url_prefix="/api/health", tag="Health")


@health.get("/live")
@health.output(LivenessAnswer)
@health.doc(operation_id="getLiveness")
def show_liveness() -> dict[str, str]:
    """Whether this process answers

    It asks no other server: restart the process when this fails, and only then.
    """
    return {"status": "live"}


@health.get("/ready")
@health.output(ReadinessAnswer)
@health.doc(operation_id="getReadiness", responses=_NOT_READY)
def show_readiness() -> tuple[dict[str, Any], int]:
    """Whether Thor does its work

    Every part must make progress: Redis, PostgreSQL, ingest, the queues' workers, the feeds of open markets, the
    opens and closes of sessions, the analyses that wait, and the quote stream, which must have room. Unexplained
    losses of the last 24 hours, live sources that disagree, and holidays that are soon not known any more, are told
    and do no harm to readiness.
    Answers within 3 seconds also when a server is silent.
    """
    body = _checked()
    return body, HTTPStatus.OK if body["status"] == "ready" else HTTPStatus.SERVICE_UNAVAILABLE


@health.get("")
@health.output(ReadinessAnswer)
@health.doc(operation_id="getHealth")
def show_health() -> dict[str, Any]:
    """How every part of Thor does

    What `/api/health/ready` tells, for a page that shows it: with status 200 whatever it says.
    """
    return _checked()


def check_stream(hub: EventHub) -> Check:
    """The reader of the quote stream came round in the last 15 s, or has no clients."""
    figures = hub.counters()
    age_s = float(figures["progress_age_s"])
    return Check("stream", age_s <= STREAM_SILENCE_S, f"{figures['clients']} clients, bus {figures['bus']}", figures)


def _checked() -> dict[str, Any]:
    checks = [*parts().probes.run(), check_stream(parts().hub)]
    status = "ready" if all(check.ok for check in checks) else "not_ready"
    return {"status": status, "checks": [check.shown() for check in checks]}
