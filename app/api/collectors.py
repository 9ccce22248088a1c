"""/api/collectors: how the sources are collected, starting and stopping them by hand, and taking that back."""

from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint

from app.api.collector_shapes import CollectorAnswer, CollectorsAnswer
from app.api.job_shapes import OrderBody
from app.api.json_writes import require_json_write
from app.api.parts import parts
from app.clock import instant_text
from app.errors import NotFound
from app.operations.collector_forms import collector_form
from app.operations.collector_orders import automate_source, restart_source, start_source, stop_source
from app.operations.collector_states import collector_states, state_of
from app.quotes import COLLECTED
from app.runtime import runtime

collectors = APIBlueprint("collectors", __name__, url_prefix="/api/collectors", tag="Collectors")

_AWAY = {503: "Redis is away"}
_UNKNOWN = {404: "The source has no collector", **_AWAY}
_STOP: dict[int, str] = {
    400: "The body is wrong",
    415: "The body is not JSON",
    **_UNKNOWN,
}
_START = {**_STOP, 409: "The source cannot be collected here, or would mix real with simulated quotes"}
_AUTO = {**_STOP, 409: "Neither market hours nor a process of its own decide about the source here"}
_RESTART = {**_STOP, 409: "The source is not wanted, or cannot be collected here"}


@collectors.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@collectors.get("")
@collectors.output(CollectorsAnswer)
@collectors.doc(operation_id="getCollectors", responses=_AWAY)
def list_collectors() -> dict[str, object]:
    """How every source is collected

    Who wants it, which process holds it, how much it brings, and what is wrong.
    """
    rt, now = runtime(), runtime().clock.now()
    states = collector_states(parts().bus, now, rt.collector_plan.sources)
    return {"as_of": instant_text(now), "collectors": [collector_form(one, now) for one in states]}


@collectors.get("/<source>")
@collectors.output(CollectorAnswer)
@collectors.doc(operation_id="getCollector", responses=_UNKNOWN)
def show_collector(source: str) -> dict[str, object]:
    """How a source is collected"""
    if source not in COLLECTED:
        raise NotFound(f"{source[:20]!r} is no source with a collector: known is {', '.join(COLLECTED)}")
    return _shown(source)


@collectors.post("/<source>/start")
@collectors.input(OrderBody, arg_name="_body")
@collectors.output(CollectorAnswer, status_code=HTTPStatus.ACCEPTED)
@collectors.doc(operation_id="startCollector", responses=_START)
def start_collector(source: str, _body: OrderBody) -> dict[str, object]:
    """Have a source collected

    From now on and whatever the hours, until it is stopped or given back to them with `auto`. Real and simulated quotes
    are never collected together.
    """
    start_source(runtime(), source, runtime().collector_plan.sources)
    return _shown(source)


@collectors.post("/<source>/stop")
@collectors.input(OrderBody, arg_name="_body")
@collectors.output(CollectorAnswer, status_code=HTTPStatus.ACCEPTED)
@collectors.doc(operation_id="stopCollector", responses=_STOP)
def stop_collector(source: str, _body: OrderBody) -> dict[str, object]:
    """Have a source collected no more

    Its collector ends within seconds, and stays so whatever the hours, until `start` or `auto`.
    """
    stop_source(runtime(), source)
    return _shown(source)


@collectors.post("/<source>/restart")
@collectors.input(OrderBody, arg_name="_body")
@collectors.output(CollectorAnswer, status_code=HTTPStatus.ACCEPTED)
@collectors.doc(operation_id="restartCollector", responses=_RESTART)
def restart_collector(source: str, _body: OrderBody) -> dict[str, object]:
    """Have a wanted source's feed begin anew

    It connects afresh within seconds, also after a crash loop.
    """
    restart_source(runtime(), source, runtime().collector_plan.sources)
    return _shown(source)


@collectors.post("/<source>/auto")
@collectors.input(OrderBody, arg_name="_body")
@collectors.output(CollectorAnswer, status_code=HTTPStatus.ACCEPTED)
@collectors.doc(operation_id="automateCollector", responses=_AUTO)
def automate_collector(source: str, _body: OrderBody) -> dict[str, object]:
    """Take back a start or stop by hand

    Market hours decide again where SESSION_SOURCES names the source, else its own process, where one lives; 409 where
    neither does.
    """
    rt = runtime()
    automate_source(rt, source, rt.collector_plan.sources, rt.settings.collected_sources)
    return _shown(source)


def _shown(source: str) -> dict[str, Any]:
    now = runtime().clock.now()
    return collector_form(state_of(parts().bus, source, now, runtime().collector_plan.sources), now)
