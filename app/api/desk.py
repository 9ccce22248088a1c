"""GET /api/desk: what a front end must know of this installation. It asks no server."""

from typing import Final

from apiflask import APIBlueprint
from flask import request

from app import VERSION
from app.api.desk_shapes import DESK_EXAMPLE, DeskAnswer
from app.errors import Conflict
from app.local.callers import LOCAL_NAMES, PROXY_MARKS, host_of, is_loopback
from app.local.ports import LOOPBACK
from app.local.status import read_processes
from app.runtime import runtime
from app.settings import Settings

ADMIN_PATH: Final = "/admin/"
DOCS_PATH: Final = "/docs"

desk = APIBlueprint("desk", __name__, url_prefix="/api", tag="Desk")


@desk.get("/desk")
@desk.output(DeskAnswer, example=DESK_EXAMPLE)
@desk.doc(operation_id="getDesk")
def show_desk() -> dict[str, object]:
    """What a front end must know

    Version, markets with their time zones, where the other pages are, and by which rules quotes are shown.
    """
    rt = runtime()
    told = rt.settings
    markets = [rt.markets.named(name) for name in rt.markets.names]
    return {
        "version": VERSION,
        "market": rt.market.name,
        "timezone": rt.market.timezone.key,
        "markets": [{"name": one.name, "timezone": one.timezone.key} for one in markets],
        "flower_url": _reachable(flower_url(told)),
        "admin_path": ADMIN_PATH,
        "docs_path": DOCS_PATH,
        "stale_after_ms": round(told.quote_stale_s * 1000),
        "sse_heartbeat_ms": round(told.sse_heartbeat_s * 1000),
        "sse_max_clients": told.sse_max_clients,
        "source_preference": list(told.preferred_sources),
        "divergence_ticks": told.divergence_ticks,
    }


def flower_url(settings: Settings) -> str | None:
    """Where Flower is: as the group of processes on this state directory has it, else at the port that is demanded;
    None when neither tells."""
    try:
        running = {process.name: process.url for process in read_processes(settings.state_dir)}
    except Conflict:
        running = {}
    if url := running.get("flower"):
        return url
    return f"http://{LOOPBACK}:{settings.flower_port}/" if settings.flower_port else None


def _reachable(url: str | None) -> str | None:
    is_here = is_loopback(request.remote_addr or "") and not any(mark in request.headers for mark in PROXY_MARKS)
    return url if url is None or is_here or host_of(url) not in LOCAL_NAMES else None
