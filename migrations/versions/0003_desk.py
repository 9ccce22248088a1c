"""The desk: markets, their events, and the snapshots and certificates of their sessions."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _facts(name: str, empty: str = "'{}'::jsonb") -> sa.Column:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(empty), nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _session(table: str, *more: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(["market"], ["markets.name"], name=op.f(f"fk_{table}_market_markets")),
        sa.PrimaryKeyConstraint("market", "session_date", *more, name=op.f(f"pk_{table}")),
    ]


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "markets",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.Column("automated", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_markets")),
        sa.UniqueConstraint("calendar", name=op.f("uq_markets_calendar")),
    )
    op.create_table(
        "market_events",
        sa.Column("market", sa.String(length=32), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("event", sa.String(length=8), nullable=False),
        _instant("due_at"),
        sa.Column("status", sa.String(length=8), server_default="planned", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        _instant("started_at", nullable=True),
        _instant("done_at", nullable=True),
        sa.Column("late_s", sa.Integer(), nullable=True),
        _facts("detail"),
        sa.CheckConstraint("event IN ('open', 'close')", name=op.f("ck_market_events_event")),
        sa.CheckConstraint(
            "status IN ('planned', 'started', 'done', 'late', 'skipped')", name=op.f("ck_market_events_status")
        ),
        sa.CheckConstraint(
            "(status IN ('done', 'late', 'skipped')) = (done_at IS NOT NULL)",
            name=op.f("ck_market_events_done_at_the_end"),
        ),
        sa.CheckConstraint("status <> 'skipped' OR reason <> ''", name=op.f("ck_market_events_skipped_with_reason")),
        *_session("market_events", "event"),
    )
    op.create_index(
        "ix_market_events_unfinished", "market_events", ["due_at"], postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_table(
        "market_data_snapshots",
        sa.Column("market", sa.String(length=32), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        _instant("opens_at"),
        _instant("closes_at"),
        _instant("created_at"),
        _instant("completed_at", nullable=True),
        sa.Column("ticks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("symbols", sa.Integer(), server_default="0", nullable=False),
        _instant("first_ts", nullable=True),
        _instant("last_ts", nullable=True),
        _facts("baseline"),
        _facts("by_symbol"),
        _facts("quality"),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_market_data_snapshots_hours")),
        sa.CheckConstraint("ticks >= 0 AND symbols >= 0", name=op.f("ck_market_data_snapshots_counts")),
        *_session("market_data_snapshots"),
    )
    op.create_table(
        "session_certificates",
        sa.Column("market", sa.String(length=32), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        _facts("reasons", "'[]'::jsonb"),
        _facts("figures"),
        _facts("files", "'[]'::jsonb"),
        _instant("made_at"),
        sa.CheckConstraint(
            "verdict IN ('complete', 'incomplete', 'failed')", name=op.f("ck_session_certificates_verdict")
        ),
        *_session("session_certificates"),
    )


def downgrade() -> None:
    """Back."""
    for table in ("session_certificates", "market_data_snapshots", "market_events", "markets"):
        op.drop_table(table)
