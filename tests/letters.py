"""Dead letters where tests need them."""

from collections.abc import Sequence
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.clock import SystemClock
from app.ingest.dead_letters import save_dead_letters
from app.ingest.rows import Reject, RowMaker
from app.ledger.models import DeadLetter, DeadLetterAction
from app.market.markets import market

_NUMBERS = count(1)


def put_letter(sessions: sessionmaker[Session], words: Sequence[bytes], reason: str | None = None) -> int:
    """Make these words of an entry a dead letter, for the reason that ingest finds unless one is given; its id."""
    stream_id = b"1760023800000-%d" % next(_NUMBERS)
    if reason is None:
        [found] = RowMaker(market()).rows([(stream_id, list(words))], SystemClock().now(), strict=True).rejects
        reason = found.reason
    with sessions.begin() as session:
        save_dead_letters(session, [Reject(stream_id, reason, list(words))], market().session_of)
        return session.scalars(select(DeadLetter.id).where(DeadLetter.stream_id == stream_id.decode())).one()


def read_letter(sessions: sessionmaker[Session], letter_id: int) -> DeadLetter:
    """The letter as it is in the database."""
    with sessions() as session:
        return session.get_one(DeadLetter, letter_id)


def actions_of(sessions: sessionmaker[Session], letter_id: int) -> list[tuple[str, str, str]]:
    """What was done with a letter: action, actor and note, in order."""
    query = select(DeadLetterAction).where(DeadLetterAction.dead_letter_id == letter_id).order_by(DeadLetterAction.id)
    with sessions() as session:
        return [(one.action, one.actor, one.note) for one in session.scalars(query)]
