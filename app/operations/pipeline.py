"""How the pipeline stands, stop by stop: markets, sources, stream, ingest, ticks, lake, analyses, alerts."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.bus import keys
from app.bus.groups import group_state
from app.bus.hashes import read_hash
from app.bus.stream import STREAM_CAP, stream_state
from app.clock import instant_text
from app.errors import Unavailable
from app.ingest.dead_letters import count_dead_letters
from app.jobs.backlog import read_backlog
from app.lake.models import LakeFile
from app.market.markets import Markets
from app.operations.accounting import ledger_summary
from app.operations.agreement import agreement
from app.operations.alerting.checks import alert_figures, ladder_figures
from app.operations.bucket_keeping import read_standing
from app.operations.collector_states import COUNTS, CollectorState, state_of
from app.operations.health import check_calendar
from app.operations.job_health import job_figures
from app.operations.session_status import market_figures
from app.operations.stored_ticks import stored_ticks
from app.quotes import COLLECTED, SOURCES
from app.stores import Stores

log = logging.getLogger(__name__)

Figures = dict[str, object]
DAYS_SHOWN: Final = 10


def pipeline_state(stores: Stores, stream_cap: int = STREAM_CAP, configured: Sequence[str] = COLLECTED) -> Figures:
    """The figures of every stop, analyses, alerts, ledger and calendars; `error` in place of those that cannot be read.

    `stream_cap` is the length at which publishers are refused, `configured` are the sources that can be collected here.
    """
    now = stores.clock.now()
    return {
        "at": now.isoformat(),
        "markets": _tried(lambda: market_figures(stores)),
        "sources": _tried(lambda: sources(stores.redis, stores.clock.now(), configured)),
        "agreement": _tried(lambda: agreement(stores.redis)),
        "stream": _tried(lambda: stream(stores.redis, stream_cap)),
        "ingestors": _tried(lambda: ingestors(stores.redis, stores.clock.now())),
        "ticks": _tried(lambda: _in_session(stores, ticks)),
        "lake": _tried(lambda: _in_session(stores, lake)),
        "bucket": _tried(lambda: bucket(stores.redis)),
        "analyses": _tried(lambda: _in_session(stores, lambda session: job_figures(read_backlog(session, now)))),
        "premarket": _tried(lambda: ladder_figures(stores, now)),
        "alerts": _tried(lambda: _in_session(stores, alert_figures)),
        "ledger": _tried(lambda: ledger_summary(stores)),
        "calendar": _tried(lambda: calendar(stores.markets, now)),
    }


def sources(client: Redis, now: datetime, configured: Sequence[str] = COLLECTED) -> Figures:
    """Per source that is wanted, held or has published: who holds it, and how old its last sign of progress is.

    `spooled` quotes wait on the collector's disk for Redis, `dropped` ones found no room there, and `unreadable` ones
    lay in files that were `damaged`, of which so many are kept. `configured` are the sources that can be collected
    here.
    """
    known = (state_of(client, source, now, configured) for source in SOURCES)
    return {one.source: _source(one, now) for one in known if one.holder or one.health or one.wanted or one.agent}


def _source(one: CollectorState, now: datetime) -> Figures:
    figures: Figures = {
        "wanted": one.wanted,
        "holder": f"{one.holder.pid}@{one.holder.host}" if one.holder else None,
        **{name: one.count(name) for name in COUNTS},
        "age_s": one.age_s("at_ms", now),
    }
    if one.source in COLLECTED:
        figures |= {
            "state": one.state,
            "rate_per_s": one.rate_per_s,
            "held": one.holder is not None,
            "change_age_s": one.age_s("event_ms", now),
            "data_age_s": one.age_s("data_ms", now),
            "reconnects": one.count("reconnects"),
            "crashes": one.crashes.count,
            "silence_restarts": one.restarts,
        }
    words = {
        "by": one.by,
        "process": one.agent,
        "feed": one.present("feed"),
        "detail": one.detail,
        "silent": one.names("silent"),
    }
    words |= {name: one.health.get(name) for name in ("fenced", "last_error")}
    return figures | {name: word for name, word in words.items() if word}


def stream(client: Redis, cap: int = STREAM_CAP) -> Figures:
    """Entries kept and ever added, how full that is in percent of the cap, and how far ingest is behind."""
    state, group = stream_state(client), group_state(client)
    return {
        "length": state.length,
        "added": state.added,
        "fill_percent": round(100 * state.length / cap, 1),
        "lag": group.lag,
        "pending": group.pending,
    }


def ingestors(client: Redis, now: datetime) -> dict[str, Figures]:
    """Per running ingestor: state, totals since its start and the age of its last progress."""
    found: dict[str, Figures] = {}
    for key in sorted(client.scan_iter(match=keys.ingest_lease("*"), count=1000)):
        name = key.removeprefix(keys.ingest_lease("|").partition("|")[0]).removesuffix(":lease")
        health = read_hash(client, keys.ingest_health(name))
        totals: Figures = {
            part: int(health.get(part, 0)) for part in ("read", "written", "duplicates", "dead", "trimmed")
        }
        progress_age_s = _age_s({"at_ms": health.get("progress_ms", "0")}, now)
        found[name] = {**totals, "state": health.get("state", "starting"), "progress_age_s": progress_age_s}
    return found


def ticks(session: Session) -> Figures:
    """Ticks by trading day and source, newest days first, and the dead letters.

    `as_of` is None where everything was counted now, else the time of the last balance, which tells of large days.
    """
    stored = stored_ticks(session)
    total = sum(sum(sources.values()) for sources in stored.by_day.values())
    shown = {day.isoformat(): sources for day, sources in islice(stored.by_day.items(), DAYS_SHOWN)}
    return {
        "total": total,
        "as_of": instant_text(stored.as_of) if stored.as_of else None,
        "days": len(stored.by_day),
        "by_day": shown,
        "dead_letters": count_dead_letters(session),
    }


def lake(session: Session) -> Figures:
    """Files, rows and bytes of the lake by trading day, newest first."""
    sums = (func.count(), func.sum(LakeFile.rows), func.sum(LakeFile.bytes))
    grouped = select(LakeFile.session_date, LakeFile.kind, *sums).group_by(LakeFile.session_date, LakeFile.kind)
    by_day: dict[str, dict[str, dict[str, int]]] = {}
    for day, kind, files, rows, size in session.execute(grouped.order_by(LakeFile.session_date.desc())):
        by_day.setdefault(day.isoformat(), {})[kind] = {"files": files, "rows": int(rows), "bytes": int(size)}
    return {"days": len(by_day), "by_day": dict(list(by_day.items())[:DAYS_SHOWN])}


def bucket(client: Redis) -> Figures:
    """How far the bucket with the lake's copy is behind; nothing where there is none."""
    standing = read_standing(client)
    if standing is None:
        return {}
    return {"place": standing.place, "days_behind": standing.days_behind, "detail": standing.told()}


def calendar(markets: Markets, now: datetime) -> Figures:
    """Up to when the holidays of the markets are known, and what there is to do about it."""
    check = check_calendar(markets, now)
    return {**check.figures, "detail": check.detail}


def _in_session(stores: Stores, read: Callable[[Session], Figures]) -> Figures:
    with stores.sessions() as session:
        return read(session)


def _tried(read: Callable[[], object]) -> object:
    try:
        return read()
    except Unavailable as error:
        return {"error": str(error)}
    except (RedisError, DBAPIError) as error:
        return {"error": f"{type(error).__name__}: the server does not answer"}
    except Exception as error:  # Whatever is wrong with one stop, the others are worth seeing.
        log.exception("a part of the status cannot be read")
        return {"error": f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"}


def _age_s(health: dict[str, str], now: datetime) -> float | None:
    at_ms = int(health.get("at_ms", 0))
    return round(now.timestamp() - at_ms / 1000, 1) if at_ms else None


def failures(state: Mapping[str, object]) -> Sequence[str]:
    """The stops that could not be read."""
    return [name for name, part in state.items() if isinstance(part, dict) and "error" in part]
