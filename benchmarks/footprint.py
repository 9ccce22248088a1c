"""What a tick takes of each store: `python -m benchmarks.footprint [--ticks 200000]`, on servers of its own.

In bytes a tick: the stream's memory and its append-only file, before that is written anew, and PostgreSQL's table of
ticks with its index and what it writes ahead. How the lake packs ticks, which hangs on their prices, is told by
`benchmarks.codecs`.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Final

from redis import Redis
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.bus import keys
from app.bus.connection import connect
from benchmarks.ingest import CONSUMERS, drain, fill, prepared
from benchmarks.quotes import make_quotes
from tests.private_servers import private_postgres, private_valkey

TICKS: Final = 200_000
_TABLE: Final = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('ticks')"
_WRITTEN_AHEAD: Final = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"


def measure_footprint(folder: Path, ticks: int) -> dict[str, float]:
    """Bytes a tick by store."""
    with private_postgres(folder, durable=True) as postgres, private_valkey(folder) as valkey:
        sessions, client = prepared(postgres.url), connect(valkey.url)
        fill(client, make_quotes(ticks))
        found = {
            "stream": client.memory_usage(keys.STREAM, samples=0) / ticks,
            "append-only file": _log(folder) / ticks,
        }
        before = _number(sessions, _WRITTEN_AHEAD)
        assert drain(sessions, valkey.url, CONSUMERS[0]) == ticks
        found["written ahead"] = (_number(sessions, _WRITTEN_AHEAD) - before) / ticks
        found["table of ticks"] = _number(sessions, _TABLE) / ticks
        _close(client, sessions)
    return found


def _log(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "valkey" / "appendonlydir").iterdir())


def _number(sessions: sessionmaker[Session], query: str) -> float:
    with sessions() as session:
        return float(session.scalar(text(query)) or 0)


def _close(client: Redis, sessions: sessionmaker[Session]) -> None:
    client.close()
    sessions.kw["bind"].dispose()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=TICKS)
    with tempfile.TemporaryDirectory() as name:
        found = measure_footprint(Path(name), parser.parse_args().ticks)
    table = Table("store", "bytes a tick", "GB for 100 million", title="What a tick takes")
    for store, size in found.items():
        table.add_row(store, f"{size:,.1f}", f"{size / 10:,.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
