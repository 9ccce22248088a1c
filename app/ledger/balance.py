"""The balance of each source's symbol on a trading day, and the figures that it is made of. Nothing here commits."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ledger.models import DeadLetter, DuplicateCount, Loss, Reconciliation

Verdict = Literal["balanced", "in_flight", "unexplained", "surplus"]
_COUNT_DAY: Final = text(
    "SELECT t.source, t.symbol, t.seq >> 32, count(*), min(t.seq), max(t.seq), "
    "count(*) FILTER (WHERE g.last_seq IS NULL OR t.seq <= g.last_seq) FROM ticks t "
    "LEFT JOIN unnest(CAST(:sources AS text[]), CAST(:epochs AS bigint[]), CAST(:last_seqs AS bigint[])) "
    "AS g(source, epoch, last_seq) ON g.source = t.source AND g.epoch = t.seq >> 32 "
    "WHERE t.session_date = :day GROUP BY 1, 2, 3"
)
_MOVED: Final = text(
    "SELECT d.source, d.symbol, d.session_date, a.fields->>'source', a.fields->>'symbol', "
    "(a.fields->>'session_date')::date, count(*) FROM dead_letters d "
    "JOIN dead_letter_actions a ON a.dead_letter_id = d.id AND a.action = 'stored' "
    "WHERE num_nulls(d.source, d.symbol, d.session_date) = 0 AND (d.source, d.symbol, d.session_date) "
    "<> (a.fields->>'source', a.fields->>'symbol', (a.fields->>'session_date')::date) GROUP BY 1, 2, 3, 4, 5, 6"
)
_BALANCE_KEY: Final = ("source", "symbol", "session_date")


class Key(NamedTuple):
    """What is balanced: one symbol of one source on one trading day."""

    source: str
    symbol: str
    day: date


@dataclass(frozen=True, slots=True)
class Run:
    """Stored ticks of a symbol under one fencing token (`epoch`) on a day: how many, first and last number.

    `known` of them have numbers that were known to have been given when the balance began.
    """

    source: str
    symbol: str
    epoch: int
    count: int
    min_seq: int
    max_seq: int
    known: int


@dataclass(frozen=True)
class Balance:
    """published = stored + dead + duplicates + lost + in_flight; `in_flight` is negative for a surplus."""

    source: str
    symbol: str
    session_date: date
    published: int
    stored: int
    dead: int
    duplicates: int
    lost: int
    in_flight: int
    verdict: Verdict

    @property
    def key(self) -> Key:
        """Of what this is the balance."""
        return Key(self.source, self.symbol, self.session_date)


def lock_balances(session: Session, wait_s: float) -> None:
    """Let nobody else reconcile until this transaction ends; OperationalError when another does for `wait_s` or more.

    It must be the first statement of the transaction: what that sees is then what it finds once it is alone.
    """
    session.execute(text(f"SET LOCAL lock_timeout = '{int(wait_s * 1000)}ms'"))
    session.execute(text("LOCK TABLE reconciliations IN SHARE ROW EXCLUSIVE MODE"))


def hold_ticks(session: Session) -> None:
    """Keep the days of the tick table where they are, until this transaction ends: no purge comes between readings."""
    session.execute(text("SET LOCAL lock_timeout = '10s'"))
    session.execute(text("LOCK TABLE ticks IN ACCESS SHARE MODE"))


def count_runs(session: Session, day: date, given: Mapping[tuple[str, int, date], int] | None = None) -> list[Run]:
    """What the database stores of a trading day, in one pass over it.

    `given` are last numbers by source, epoch and trading day; where one is not told, all numbers count as known.
    """
    told = [(source, epoch, last) for (source, epoch, of), last in (given or {}).items() if of == day]
    sources, epochs, lasts = ([row[place] for row in told] for place in range(3))
    asked = {"day": day, "sources": sources, "epochs": epochs, "last_seqs": lasts}
    return [Run(*row) for row in session.execute(_COUNT_DAY, asked)]


def dead_by_key(session: Session) -> dict[Key, int]:
    """Dead letters that are not stored, by the key that they tell; those that tell none are left out."""
    return _counted(session, DeadLetter, func.count(), DeadLetter.state.in_(("open", "discarded")))


def moved_by_key(session: Session) -> dict[Key, int]:
    """How many events more (or, negative, fewer) a key has because dead letters were stored under corrected keys.

    A letter that told no key was published under none: the event that it became is a surplus.
    """
    moved: Counter[Key] = Counter()
    for old_source, old_symbol, old_day, source, symbol, day, count in session.execute(_MOVED):
        moved[Key(source, symbol, day)] += count
        moved[Key(old_source, old_symbol, old_day)] -= count
    return dict(moved)


def duplicates_by_key(session: Session) -> dict[Key, int]:
    """Entries whose event was stored already."""
    return _counted(session, DuplicateCount, func.sum(DuplicateCount.count))


def lost_by_key(session: Session) -> dict[Key, int]:
    """Events that are gone, as far as it is known of which key they were.

    What a collector had to drop is among them, because it counts as published once the drop is announced.
    """
    return _counted(session, Loss, func.sum(Loss.count))


def read_balances(session: Session, days: Collection[date] | None = None) -> dict[Key, Balance]:
    """The balances as last found, of all days by default."""
    query = select(Reconciliation)
    if days is not None:
        query = query.where(Reconciliation.session_date.in_(days))
    found = (_balance(row) for row in session.scalars(query))
    return {balance.key: balance for balance in found}


def save_balances(session: Session, balances: Sequence[Balance], at: datetime) -> None:
    """Keep the balances, each in place of the one before."""
    if not balances:
        return
    rows: list[dict[str, Any]] = [{**asdict(balance), "at": at} for balance in balances]
    merge = insert(Reconciliation).values(rows)
    values = {name: merge.excluded[name] for name in rows[0] if name not in _BALANCE_KEY}
    session.execute(merge.on_conflict_do_update(index_elements=_BALANCE_KEY, set_=values))


def _counted(session: Session, table: Any, count: ColumnElement[int], *only: ColumnElement[bool]) -> dict[Key, int]:
    names = (table.source, table.symbol, table.session_date)
    told = and_(*(name.is_not(None) for name in names), *only)
    found = session.execute(select(*names, count).where(told).group_by(*names))
    return {Key(source, symbol, day): int(number) for source, symbol, day, number in found}


def _balance(row: Reconciliation) -> Balance:
    return Balance(**{name: getattr(row, name) for name in Balance.__dataclass_fields__})
