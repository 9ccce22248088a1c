"""GET /api/session and /api/sessions: what the market does, and its calendar. They ask no server."""

from apiflask import APIBlueprint

from app.api.query import blaming
from app.api.session_shapes import (
    SESSION_EXAMPLE,
    SESSIONS_EXAMPLE,
    SessionAnswer,
    SessionQuery,
    SessionsAnswer,
    SessionsQuery,
)
from app.operations.market_days import days_ahead
from app.operations.market_forms import calendar_form, session_form
from app.runtime import runtime

session = APIBlueprint("session", __name__, url_prefix="/api", tag="Market hours")


@session.get("/session")
@session.input(SessionQuery, location="query", arg_name="query")
@session.output(SessionAnswer, example=SESSION_EXAMPLE)
@session.doc(operation_id="getSession", responses={400: "A parameter is wrong"})
def show_session(query: SessionQuery) -> dict[str, object]:
    """The market now

    Its status, what comes next and when, and the trading day with its session. `at` asks about another instant.
    """
    rt = runtime()
    market = rt.markets.named(query.market) if query.market else rt.market
    return session_form(market.state_at(query.at or rt.clock.now()))


@session.get("/sessions")
@session.input(SessionsQuery, location="query", arg_name="query")
@session.output(SessionsAnswer, example=SESSIONS_EXAMPLE)
@session.doc(operation_id="getSessions", responses={400: "A parameter is wrong"})
def list_sessions(query: SessionsQuery) -> dict[str, object]:
    """The calendar of a market

    The sessions labelled from `start` to `end`, both included and at most 3,660 days apart, and the weekdays without
    one. Unset, they are the present day and 30 days after the start.
    """
    rt = runtime()
    market = rt.markets.named(query.market) if query.market else rt.market
    with blaming("start" if query.end is None else "end"):
        return calendar_form(market, days_ahead(market, query.start, query.end, query.at or rt.clock.now()))
