"""GET /api/quotes/stream: quotes as they come, as server-sent events."""

from typing import Any, Final

from apiflask import APIBlueprint
from flask import Response, request

from app.api.answers import STREAM_EXAMPLE
from app.api.parts import parts
from app.api.problems import problem
from app.api.query import StreamQuery
from app.api.sse.documentation import event_stream
from app.api.sse.feed import feed
from app.api.sse.frames import StreamId, parse_id
from app.api.sse.wire import wire_of
from app.edge.limiting import caller_name
from app.gate.guard import caller
from app.gate.streams import while_known
from app.runtime import runtime

RETRY_AFTER_S: Final = 10
HEADERS: Final = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_EVENTS: Final = {
    "quote": "a quote",
    "reset": "events are lost: take a snapshot",
    "conflated": "how many were left out",
    "status": "of the bus",
    "sources": "the state of each source",
}
OPENAPI: Final[Any] = {
    200: event_stream("An endless event stream", _EVENTS, STREAM_EXAMPLE),
    400: "A parameter or the Last-Event-ID is malformed",
    429: "All places for stream clients are taken",
}

stream = APIBlueprint("stream", __name__, url_prefix="/api", tag="Quotes")


@stream.get("/quotes/stream")
@stream.input(StreamQuery, location="query", arg_name="query")
@stream.doc(operation_id="streamQuotes", responses=OPENAPI)
def follow_quotes(query: StreamQuery) -> Response:
    """Quotes as they come (SSE)

    Each event is named `quote`, its `id` is the stream id and its data the quote. Send the last id back as
    `Last-Event-ID` (or `last_event_id`) to go on where you stopped: nothing is lost or repeated within the resume
    window. Other events: `reset` (events are lost to you: take a snapshot; reason `expired`, `unknown` or `restarted`),
    `conflated` (`count` events were left out because you read too slowly), `status` (`bus` is `away` or `back`),
    `sources` (within two seconds of the connect and of every change: the state of each source, such as `streaming` or
    `failed`, and the source whose quotes are to be displayed of each symbol; where that names none, take every quote).
    A comment comes at least every 10 seconds. Without `symbols` it carries the watchlist as it stands at that moment.
    """
    edge, after = parts(), _last_event_id(query)
    symbols = query.symbols or edge.watchlist.symbols()
    wanted, connection = frozenset(symbols), request.environ.get("gunicorn.socket")
    client = edge.hub.join(wanted, connection, wire_of(request.environ), caller_name())
    if client is None:
        limits = edge.hub.limits
        detail = f"all {limits.clients} places for stream clients are taken, or the {limits.clients_per_caller} of one"
        detail += " caller: close one, or try again later"
        return problem(429, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
    events = while_known(runtime().ring, caller(), feed(edge.hub, client, after))
    answer = Response(events, mimetype="text/event-stream", headers=HEADERS)
    answer.call_on_close(lambda: edge.hub.leave(client))
    return answer


def _last_event_id(query: StreamQuery) -> StreamId | None:
    text = request.headers.get("Last-Event-ID") or query.last_event_id
    return parse_id(text) if text else None
