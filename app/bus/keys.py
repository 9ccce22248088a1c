"""Every key that Thor keeps in Redis, and which database of the server holds what."""

from datetime import date
from typing import Final

BUS_DB: Final = 0
BROKER_DB: Final = 1
RESULTS_DB: Final = 2

STREAM: Final = "quotes:stream:unified"
DEAD_STREAM: Final = "quotes:stream:dead"
LOSSES: Final = "quotes:stream:losses"  # Stream: what was lost before it could be stored, each loss announced once.
GENERATION: Final = "quotes:stream:generation"  # A random id, as old as the stream's group: a flush takes both.
RECONCILED: Final = "quotes:reconciled"  # Hash: by trading day, a mark of the stored ticks at its last balance.
INGEST_GROUP: Final = "quotes:cgrp:postgres_ingest"
DIVERGENCES: Final = "quotes:divergences"  # Hash: how two sources differ, by symbol and sources; it expires.


def latest(symbol: str) -> str:
    """The newest quote of a symbol, a hash."""
    return f"quotes:latest:{symbol}"


def by_source(source: str, symbol: str) -> str:
    """The newest quote of a symbol from one live source, a hash like `latest`.

    Its `behind` is the stream id of the first event of another live source that came 5 s and more after this quote.
    Its `back` is when the source last ended being behind, by the stream's clock, and `away` for how long it had been,
    both in milliseconds; they are forgotten once it has followed for 10 s.
    """
    return f"quotes:by_source:{source}:{symbol}"


def answered(caller: str, key: str) -> str:
    """What a caller was answered under the digest of an Idempotency-Key, JSON that expires."""
    return f"api:answered:{caller}:{key}"


def baseline(symbol: str) -> str:
    """The last price of a symbol's session before the present one, a hash."""
    return f"quotes:baseline:{symbol}"


def lease(source: str) -> str:
    """Who collects a source, with the fencing token, a hash that expires."""
    return f"collector:{source}:lease"


def epoch(source: str) -> str:
    """The highest fencing token that a source's lease ever had."""
    return f"collector:{source}:epoch"


def published(source: str, token: int) -> str:
    """What was ever published under a fencing token, a hash.

    It has the counts of events by `<session_date>|<symbol>`, and last numbers, less their epoch, by
    `<session_date>#<epoch>`.
    """
    return f"quotes:published:{source}:{token}"


def published_pattern() -> str:
    """The pattern of the keys that `published` gives."""
    return "quotes:published:*"


def announced(source: str) -> str:
    """Which losses a source's collector has told, by the loss's id, a hash that expires."""
    return f"collector:{source}:announced"


def desired(source: str) -> str:
    """Whether a source is wanted, and its options, a hash."""
    return f"collector:{source}:desired"


def health(source: str) -> str:
    """A collector's progress, a hash."""
    return f"collector:{source}:health"


def crashes(source: str) -> str:
    """Starts of a source's collector that did not come to a good end, and the last reason, a hash."""
    return f"collector:{source}:crashes"


def agent(source: str) -> str:
    """The process, if any, that collects a source by itself instead of the workers, a hash that expires."""
    return f"collector:{source}:agent"


def silence(source: str) -> str:
    """How often a silent source's collector was started again since the source brought something new, a hash."""
    return f"collector:{source}:silence"


def login(source: str) -> str:
    """Until when the login at a source is good, a hash."""
    return f"collector:{source}:login"


def alive(source: str, day: date) -> str:
    """The minutes of a session's roll window in which a source said something that came to be quotes, a bitmap."""
    return f"collector:{source}:alive:{day.isoformat()}"


def worker_consumer(slot: int) -> str:
    """The name under which the ingest queue's loop number `slot`, from 1 on, reads the stream."""
    return "worker" if slot == 1 else f"worker-{slot}"


def ingest_lease(consumer: str) -> str:
    """Which process reads the stream under a consumer's name."""
    return f"quotes:ingest:{consumer}:lease"


def ingest_health(consumer: str) -> str:
    """An ingestor's progress, a hash."""
    return f"quotes:ingest:{consumer}:health"


def ran(work: str) -> str:
    """When a periodic work of the control queue was last begun and done, epoch milliseconds."""
    return f"control:{work}:ran"


def asked(work: str) -> str:
    """That a periodic work was asked for, a while ago at most."""
    return f"control:{work}:asked"


def close_asked(market: str, day: date) -> str:
    """That the close of a market's session was asked for, a while ago at most."""
    return asked(f"close-{market}-{day.isoformat()}")


def stage_asked(market: str, day: date, stage: str) -> str:
    """That the preparation of a stage before the open was asked for, a while ago at most."""
    return asked(f"stage-{market}-{day.isoformat()}-{stage}")


def job_asked(job_id: int, attempt: int) -> str:
    """That an analysis which so many workers have taken was sent to the next one, a while ago at most."""
    return asked(f"job-{job_id}-{attempt}")


SWEEPING_SINCE: Final = "control:sweep-alerts:since"  # Since when sweeps for alerts went on; it expires with a pause.


BUCKET: Final = "control:bucket"  # How the lake's copy in the bucket stands, as the tick last saw it.


def bucket_days(place: str) -> str:
    """What was brought to a bucket: a digest of a day's files by trading day."""
    return f"control:bucket:{place}:days"


def pulse(queue: str) -> str:
    """When a queue's worker last finished a task, epoch milliseconds."""
    return f"worker:{queue}:pulse"


def busy(queue: str) -> str:
    """Since when a queue's worker has been at its present task, epoch milliseconds; absent when it is free."""
    return f"worker:{queue}:busy"


RETENTION_DONE: Final = "retention:done"  # The last completed trading day after which the retention was applied.


def retention_asked(day: date) -> str:
    """That the retention of the days before a completed trading day was asked for, a while ago at most."""
    return f"retention:asked:{day.isoformat()}"


def tick_counts(day: date) -> str:
    """How many ticks the database holds of a trading day by symbol, and the mark of the partition at that time."""
    return f"cache:tick_counts:{day.isoformat()}"


def premarket_report(market: str, day: date) -> str:
    """The report of the ladder of a market's trading day, as text, for the open."""
    return f"cache:premarket:{market}:{day.isoformat()}"


def ticket(name: str) -> str:
    """For whom a ticket was made that opens a stream once: JSON, gone within half a minute."""
    return f"access:ticket:{name}"
