"""/api/alerts: what somebody has to know, and who knows of it."""

from http import HTTPStatus
from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response, request

from app.alerts.forms import alert_form
from app.alerts.store import acknowledge_alert, find_alert, list_alerts, resolve_alert
from app.api.alert_events import alert_events
from app.api.alert_shapes import (
    AlertAnswer,
    AlertOrderBody,
    AlertsAnswer,
    AlertsQuery,
    AlertWholeAnswer,
    read_event_id,
)
from app.api.jobs import RETRY_AFTER_S, SSE_HEADERS
from app.api.json_writes import require_json_write
from app.api.pages import PageAnswer, answer_page, by_id, cut_page
from app.api.parts import parts
from app.api.problems import problem
from app.api.sse.documentation import event_stream
from app.gate.guard import caller
from app.gate.streams import while_known
from app.operations.alert_forms import deliveries_of, delivery_form
from app.runtime import runtime

EXAMPLE: Final = """: connected
retry: 3412

id: 1760023800000
event: alert
data: {"id":17,"rule":"source_silent","title":"A source brings nothing new","subject":"SCHWAB","severity":"critical"}

"""
_UNKNOWN: Final = {404: "There is no such alert"}
_WRITE: Final[dict[int, str]] = {
    400: "The body is wrong",
    409: "The alert is over",
    415: "The body is not JSON",
    503: "PostgreSQL is away",
}
_STREAM: Final[Any] = {
    200: event_stream(
        "Events for as long as the client stays",
        {"alert": "an alert at a change", "reset": "too many were resolved meanwhile: ask for all"},
        EXAMPLE,
    ),
    400: "The last event id is malformed",
    429: "All places are taken",
}

alerts = APIBlueprint("alerts", __name__, url_prefix="/api/alerts", tag="Alerts")


@alerts.before_request
def guard_writes() -> None:
    """What is sent has to be JSON."""
    require_json_write()


@alerts.get("")
@alerts.input(AlertsQuery, location="query", arg_name="query")
@alerts.output(AlertsAnswer)
@alerts.doc(operation_id="getAlerts", responses={400: "A parameter is wrong"})
def show_alerts(query: AlertsQuery) -> PageAnswer:
    """What is wrong, the latest raised first

    Unresolved ones unless `state` says otherwise.
    """
    with runtime().sessions() as session:
        found = list_alerts(
            session,
            unresolved=True if query.state == "unresolved" else None,
            rule=query.rule,
            severity=query.severity,
            before=query.cursor,
            limit=query.limit + 1,
        )
    shown, cursor = cut_page(found, query.limit, by_id)
    return answer_page("alerts", [alert_form(one) for one in shown], cursor)


@alerts.get("/stream")
@alerts.doc(operation_id="streamAlerts", responses=_STREAM)
def stream_alerts() -> Response:
    """Alerts as they are raised, become worse, are acknowledged and resolved (SSE)

    An event `alert` with the whole alert for each that is unresolved, at once, and from then on at every change; that
    only its detail, facts and times move on is no event. Who comes back with the id of the last event it got is told
    of all that are unresolved and of those that were resolved since: some a second time, none never. When too many
    were, an event `reset` says so. A comment comes at least every 10 seconds.
    """
    rt, edge = runtime(), parts()
    after = read_event_id(request.headers.get("Last-Event-ID"))
    if not edge.alert_places.acquire(blocking=False):
        detail = "all places for those who follow alerts are taken: close one, or ask for /api/alerts now and then"
        return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
    told = alert_events(rt.sessions, rt.clock, after, edge.hub.limits.heartbeat_s)
    events = while_known(rt.ring, caller(), told)
    answer = Response(events, mimetype="text/event-stream", headers=SSE_HEADERS)
    answer.call_on_close(edge.alert_places.release)
    return answer


@alerts.get("/<int:alert_id>")
@alerts.output(AlertWholeAnswer)
@alerts.doc(operation_id="getAlert", responses=_UNKNOWN)
def show_alert(alert_id: int) -> dict[str, Any]:
    """An alert, and the messages about it"""
    with runtime().sessions() as session:
        alert = find_alert(session, alert_id)
        sent = [delivery_form(one) for one in deliveries_of(session, alert_id)]
    return {**alert_form(alert), "deliveries": sent}


@alerts.post("/<int:alert_id>/acknowledge")
@alerts.input(AlertOrderBody, arg_name="body")
@alerts.output(AlertAnswer)
@alerts.doc(operation_id="acknowledgeAlert", responses={**_UNKNOWN, **_WRITE})
def acknowledge(alert_id: int, body: AlertOrderBody) -> dict[str, Any]:
    """Say that somebody sees to an alert

    Done again, the first one stays. What was not sent yet of it is not sent any more.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        return alert_form(
            acknowledge_alert(session, alert_id, rt.clock.now(), by=(body.by or caller().label).strip(), note=body.note)
        )


@alerts.post("/<int:alert_id>/resolve")
@alerts.input(AlertOrderBody, arg_name="body")
@alerts.output(AlertAnswer)
@alerts.doc(operation_id="resolveAlert", responses={**_UNKNOWN, **_WRITE})
def resolve(alert_id: int, body: AlertOrderBody) -> dict[str, Any]:
    """End an alert by hand

    Its rule raises another one if it finds it again.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        return alert_form(
            resolve_alert(session, alert_id, rt.clock.now(), by=(body.by or caller().label).strip(), note=body.note)
        )
