"""How much a trading day adds to the lake and to PostgreSQL."""

from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.lake.models import LakeFile

DAYS: Final = 10
# An empty partition has its indexes' first pages.
_PARTITIONS: Final = """
SELECT avg(size) FROM (
    SELECT pg_total_relation_size(c.oid) AS size
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('ticks') AND pg_relation_size(c.oid) > 0
    ORDER BY c.relname DESC LIMIT :days
) AS newest
"""


def daily_growth(session: Session) -> dict[str, float]:
    """Bytes that one of the last ten trading days with ticks added on average, to the `lake` and to `postgres`.

    PostgreSQL grows only until the retention drops as much. What has nothing yet is left out.
    """
    by_day = (
        select(func.sum(LakeFile.bytes).label("size"))
        .group_by(LakeFile.session_date)
        .order_by(LakeFile.session_date.desc())
        .limit(DAYS)
        .subquery()
    )
    found = {
        "lake": session.scalars(select(func.avg(by_day.c.size))).one(),
        "postgres": session.scalars(text(_PARTITIONS), {"days": DAYS}).one(),
    }
    return {name: float(size) for name, size in found.items() if size}
