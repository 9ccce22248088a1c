"""The tables of the pipeline: instruments, ticks, dead letters, the lake's files."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("stream_id", name=op.f("uq_dead_letters_stream_id")),
    )
    op.create_table(
        "lake_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("timeframe", sa.String(length=4), server_default="", nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("min_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("max_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("min_seq", sa.BigInteger(), nullable=True),
        sa.Column("max_seq", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('ticks', 'bars')", name=op.f("ck_lake_files_kind")),
        sa.CheckConstraint("rows > 0 AND bytes > 0", name=op.f("ck_lake_files_not_empty")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lake_files")),
        sa.UniqueConstraint(
            "kind", "session_date", "symbol", "timeframe", name=op.f("uq_lake_files_kind_session_date_symbol_timeframe")
        ),
    )
    op.create_table(
        "ticks",
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recv_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("contract", sa.String(length=24), nullable=True),
        sa.Column("ts_origin", sa.String(length=8), nullable=False),
        sa.Column("last", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("bid", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("ask", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("open", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("high", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("low", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("close", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("change", sa.Numeric(precision=18, scale=9), nullable=True),
        sa.Column("last_size", sa.BigInteger(), nullable=True),
        sa.Column("bid_size", sa.BigInteger(), nullable=True),
        sa.Column("ask_size", sa.BigInteger(), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("trade", sa.Boolean(), nullable=False),
        sa.Column("delayed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.UniqueConstraint(
            "symbol", "ts", "source", "seq", "session_date", name=op.f("uq_ticks_symbol_ts_source_seq_session_date")
        ),
        postgresql_partition_by="RANGE (session_date)",
    )
    op.create_table(
        "trading_instruments",
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("mic", sa.String(length=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("tick_size", sa.Numeric(precision=18, scale=9), nullable=False),
        sa.Column("tick_decimals", sa.Integer(), nullable=False),
        sa.Column("multiplier", sa.Numeric(precision=18, scale=9), nullable=False),
        sa.Column("price_format", sa.String(length=2), nullable=False),
        sa.Column("calendar", sa.String(length=32), nullable=False),
        sa.Column("schwab_symbol", sa.String(length=24), nullable=False),
        sa.Column("tos_symbol", sa.String(length=24), nullable=False),
        sa.Column("watch_position", sa.Integer(), nullable=True),
        sa.CheckConstraint("tick_size > 0", name=op.f("ck_trading_instruments_tick_size_positive")),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_trading_instruments")),
        sa.UniqueConstraint("watch_position", name=op.f("uq_trading_instruments_watch_position")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("trading_instruments")
    op.drop_table("ticks")
    op.drop_table("lake_files")
    op.drop_table("dead_letters")
