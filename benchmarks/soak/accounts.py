"""Thor's own accounts at the end, held against the feed's record and against the table of ticks."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from app.bus.groups import group_state
from benchmarks.soak.desk import Desk, wait_for
from benchmarks.soak.record import SOURCE, Held

READINGS: Final = 5
REST_S: Final = 300.0
_TOTALS: Final = text(
    "SELECT source, sum(published)::bigint, sum(stored)::bigint, sum(dead)::bigint, sum(duplicates)::bigint, "
    "sum(lost)::bigint, array_agg(DISTINCT verdict) FROM reconciliations GROUP BY source ORDER BY source"
)
_TICKS: Final = text("SELECT source, count(*) FROM ticks GROUP BY source")
_LOSSES: Final = text("SELECT coalesce(sum(count), 0)::bigint FROM losses WHERE parent_id IS NULL")


@dataclass(frozen=True)
class Account:
    """What the balance says of a source, and how many rows of it there are, counted past the balance."""

    source: str
    published: int
    stored: int
    dead: int
    duplicates: int
    lost: int
    verdicts: tuple[str, ...]
    rows: int

    def wrong(self) -> list[str]:
        """Where it does not come out even, as sentences."""
        sums = self.published == self.stored + self.dead + self.duplicates + self.lost
        claims = {
            f"the verdicts are {', '.join(self.verdicts)}": self.verdicts == ("balanced",),
            f"published {self.published:,} is not the sum of its parts": sums,
            f"{self.lost:,} are counted as lost": self.lost == 0,
            f"{self.dead:,} are dead letters": self.dead == 0,
            f"stored {self.stored:,} are said, there are {self.rows:,} rows": self.stored == self.rows,
        }
        return [f"{self.source}: {sentence}" for sentence, holds in claims.items() if not holds]


@dataclass(frozen=True)
class Accounts:
    """The balances of all sources, and what is left to do of what was published or spooled.

    `worst_exit` is the greatest code that `flask reconcile` ended with.
    """

    sources: tuple[Account, ...]
    worst_exit: int
    losses: int
    pending: int
    spooled: int

    def wrong(self, held: Held) -> list[str]:
        """Where they are not even, or differ from the record, as sentences."""
        found = [sentence for one in self.sources for sentence in one.wrong()]
        told = {one.source: one for one in self.sources}.get(SOURCE)
        published, stored = (told.published, told.stored) if told else (0, 0)
        possible = range(held.accepted, held.accepted + held.in_doubt + 1)
        claims = {
            f"published {published:,}, {held.accepted:,} to {possible.stop - 1:,} were": published in possible,
            f"the balance says stored {stored:,}, the record {held.stored:,}": stored == held.stored,
            f"flask reconcile ended with {self.worst_exit}": self.worst_exit == 0,
            f"{self.losses:,} events are counted as lost": self.losses == 0,
            f"{self.pending:,} entries are pending": self.pending == 0,
            f"{self.spooled:,} events wait in spools": self.spooled == 0,
        }
        return found + [sentence for sentence, holds in claims.items() if not holds]


def spooled(folder: Path) -> int:
    """How many events wait in the spools of a folder."""
    waiting = 0
    for place in folder.glob("*.db"):
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as file:
            waiting += int(file.execute("SELECT coalesce(sum(quotes), 0) FROM batches").fetchone()[0])
    return waiting


def settle(desk: Desk) -> Accounts:
    """Let what is under way end, and balance, twice at least, as what is found missing is recorded once."""
    client = desk.stores.redis
    wait_for(lambda: group_state(client).behind == 0, REST_S, "everything published to be stored")
    exits, found = list[int](), dict[str, Any]()
    for _ in range(READINGS):
        done = desk.run("reconcile", "--json")
        exits.append(done.returncode)
        found = json.loads(done.stdout or "{}")
        if found.get("at_rest") and not found.get("balances"):
            break
    with desk.stores.sessions() as session:
        rows = {source: int(count) for source, count in session.execute(_TICKS)}
        sources = tuple(
            Account(name, published, stored, dead, duplicates, lost, tuple(verdicts), rows.get(name, 0))
            for name, published, stored, dead, duplicates, lost, verdicts in session.execute(_TOTALS)
        )
        losses = int(session.scalar(_LOSSES) or 0)
    return Accounts(sources, max(exits), losses, group_state(client).behind, spooled(desk.stores.settings.spool_dir))
