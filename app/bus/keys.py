"""Every key that Thor keeps in Redis, and which database of the server holds what."""

from typing import Final

BUS_DB: Final = 0
BROKER_DB: Final = 1
RESULTS_DB: Final = 2

STREAM: Final = "quotes:stream:unified"
DEAD_STREAM: Final = "quotes:stream:dead"
INGEST_GROUP: Final = "quotes:cgrp:postgres_ingest"
WORKER_CONSUMER: Final = "worker"  # The name under which the ingest queue reads the stream.


def latest(symbol: str) -> str:
    """The newest quote of a symbol, a hash."""
    return f"quotes:latest:{symbol}"


def lease(source: str) -> str:
    """Who collects a source, with the fencing token, a hash that expires."""
    return f"collector:{source}:lease"


def epoch(source: str) -> str:
    """The highest fencing token that a source's lease ever had."""
    return f"collector:{source}:epoch"


def desired(source: str) -> str:
    """Whether a source is wanted, and its options, a hash."""
    return f"collector:{source}:desired"


def health(source: str) -> str:
    """A collector's progress, a hash."""
    return f"collector:{source}:health"


def ingest_lease(consumer: str) -> str:
    """Which process reads the stream under a consumer's name."""
    return f"quotes:ingest:{consumer}:lease"


def ingest_health(consumer: str) -> str:
    """An ingestor's progress, a hash."""
    return f"quotes:ingest:{consumer}:health"


def pulse(queue: str) -> str:
    """When a queue's worker last finished a task, epoch milliseconds."""
    return f"worker:{queue}:pulse"


def busy(queue: str) -> str:
    """Since when a queue's worker has been at its present task, epoch milliseconds; absent when it is free."""
    return f"worker:{queue}:busy"
