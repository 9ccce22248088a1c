"""Real and simulated quotes never share a stream and a database."""

from redis import Redis
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.hashes import read_hash
from app.errors import Conflict
from app.operations.wishes import SIMULATED, is_wanted, says_wanted
from app.quotes import LIVE_SOURCES
from app.stores import Stores
from app.ticks.models import Tick


def refuse_mixing(stores: Stores, source: str) -> None:
    """Conflict when the source's quotes would come beside simulated ones, or simulated ones beside real ones."""
    if source == SIMULATED:
        refuse_real(stores)
    elif source in LIVE_SOURCES:
        refuse_simulated(stores.redis, source)


def refuse_real(stores: Stores) -> None:
    """Conflict when a real source is collected, or wanted, or when ticks of one are stored."""
    with stores.sessions() as session:
        refuse_real_data(session)
    for source in sorted(LIVE_SOURCES):
        if is_wanted(stores, source) or stores.redis.exists(keys.lease(source)):
            raise Conflict(f"{source} is collected here, and simulated quotes never mix with it: stop {source} first")


def refuse_real_data(session: Session) -> None:
    """Conflict when ticks of a real source are stored."""
    real = session.scalar(select(Tick.source).where(Tick.source.in_(LIVE_SOURCES)).limit(1))
    if real:
        raise Conflict(
            f"this database holds quotes of {real}: the demo never mixes simulated with real data; "
            "run it elsewhere with STATE_DIR=var-demo flask demo"
        )


def refuse_simulated(client: Redis, source: str) -> None:
    """Conflict when quotes of a real source would come beside simulated ones."""
    if says_wanted(read_hash(client, keys.desired(SIMULATED))) or client.exists(keys.lease(SIMULATED)):
        raise Conflict(
            f"simulated quotes are collected here, and {source} never mixes with them: stop {SIMULATED} first "
            f"(`flask collectors --stop {SIMULATED}`), or use another STATE_DIR or REDIS_URL"
        )
