"""How the watched markets stand: their state, what is to be done next, and the last certificates."""

from typing import Any, Final

from sqlalchemy import select

from app.clock import instant_text
from app.desk.events import unfinished
from app.desk.models import MarketEvent, SessionCertificate
from app.operations.desk import watched_markets
from app.stores import Stores

CERTIFICATES_SHOWN: Final = 8


def market_figures(stores: Stores) -> dict[str, Any]:
    """Per watched market its status and next transition; events that wait or are late; the newest certificates."""
    now = stores.clock.now()
    with stores.sessions() as session:
        markets = watched_markets(stores, session)
        coming = [_event(event) for event in unfinished(session)]
        newest = select(SessionCertificate).order_by(SessionCertificate.session_date.desc(), SessionCertificate.market)
        certificates = session.scalars(newest.limit(CERTIFICATES_SHOWN)).all()
    states = {market.name: market.state_at(now) for market in markets}
    return {
        **{
            name: {
                "status": str(state.status),
                "session_date": state.session.day.isoformat(),
                "next": f"{state.next_transition.type} {instant_text(state.next_transition.at)}",
            }
            for name, state in states.items()
        },
        "events": coming,
        "certificates": {f"{one.market} {one.session_date}": one.verdict for one in certificates},
    }


def _event(event: MarketEvent) -> str:
    return f"{event.event} of {event.market} on {event.session_date}, due {instant_text(event.due_at)}: {event.status}"
