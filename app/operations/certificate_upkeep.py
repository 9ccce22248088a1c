"""Which certificates do not tell any more what is there, because ticks came or files were written since."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.desk.models import SessionCertificate
from app.instruments.hours import last_day_over
from app.lake.manifest import list_files
from app.ledger.balance import read_balances
from app.ledger.totals import sum_balances
from app.operations.certifying import FAILED, ONE_DAY, symbols_of
from app.operations.event_plan import SETTLING
from app.operations.exporting import SessionExport
from app.stores import Stores

LOOK_BACK: Final = timedelta(days=92)


def outdated_certificates(stores: Stores) -> Iterator[SessionExport]:
    """The sessions of the last 92 days of which the certificate is outdated, oldest first.

    A day on which any market is open is left out, because its feeds may bring something for the others, too.
    """
    last = last_day_over(stores.markets, stores.clock.now() - SETTLING)
    with stores.sessions() as session:
        days = (SessionCertificate.session_date <= last, SessionCertificate.session_date > last - LOOK_BACK)
        ordered = (SessionCertificate.session_date, SessionCertificate.market)
        for certificate in session.scalars(select(SessionCertificate).where(*days).order_by(*ordered)).all():
            if is_outdated(stores, session, certificate):
                yield SessionExport(certificate.session_date, certificate.market)


def is_outdated(stores: Stores, session: Session, certificate: SessionCertificate) -> bool:
    """Whether the files and balances of a session are others than its certificate tells, or those of a failed one have
    been written again."""
    market, day = certificate.market, certificate.session_date
    rows = list_files(session, day, day + ONE_DAY)
    own = symbols_of(stores, market, day, {row.symbol for row in rows})
    files = [row for row in rows if row.symbol in own]
    if {row.path: row.sha256 for row in files} != {file["path"]: file["sha256"] for file in certificate.files}:
        return True
    if certificate.verdict == FAILED and any(row.written_at > certificate.made_at for row in files):
        return True
    sums = _sums(stores, session, market, day)
    return any(certificate.figures.get(name) != count for name, count in sums.items())


def _sums(stores: Stores, session: Session, market: str, day: date) -> Mapping[str, int]:
    balances = read_balances(session, [day]).values()
    own = symbols_of(stores, market, day, {one.symbol for one in balances})
    return sum_balances([one for one in balances if one.symbol in own])
