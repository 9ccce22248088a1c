"""The ledger: dead letters that can be mended, batches, duplicates, losses, gaps, coverage, balances."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "duplicate_counts",
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "symbol", "session_date", name=op.f("pk_duplicate_counts")),
    )
    op.create_table(
        "feed_coverage",
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("minutes", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "session_date", name=op.f("pk_feed_coverage")),
    )
    op.create_table(
        "gaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("to_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("missing", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("from_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("preceded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "symbols", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("cause", sa.String(length=40), server_default="unknown", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="open", nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('sequence', 'feed')", name=op.f("ck_gaps_kind")),
        sa.CheckConstraint("state IN ('open', 'backfilled', 'unrecoverable')", name=op.f("ck_gaps_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        sa.UniqueConstraint(
            "kind",
            "source",
            "session_date",
            "from_seq",
            "from_ts",
            name=op.f("uq_gaps_kind_source_session_date_from_seq_from_ts"),
        ),
    )
    op.create_index("ix_gaps_session_date", "gaps", ["session_date"], unique=False)
    op.create_table(
        "given_numbers",
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("source", "epoch", "session_date", name=op.f("pk_given_numbers")),
    )
    op.create_table(
        "ingest_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("first_id", sa.Numeric(precision=40, scale=0), nullable=False),
        sa.Column("last_id", sa.Numeric(precision=40, scale=0), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_batches")),
    )
    op.create_index("ix_ingest_batches_last_id", "ingest_batches", ["last_id"], unique=False)
    op.create_table(
        "losses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("ref", sa.String(length=120), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=True),
        sa.Column("symbol", sa.String(length=16), nullable=True),
        sa.Column("session_date", sa.Date(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("observed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('trimmed_unread', 'trimmed_pending', 'stream_reset', 'collector_drop', 'unexplained')",
            name=op.f("ck_losses_kind"),
        ),
        sa.CheckConstraint("count > 0", name=op.f("ck_losses_count_positive")),
        sa.ForeignKeyConstraint(["parent_id"], ["losses.id"], name=op.f("fk_losses_parent_id_losses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_losses")),
        sa.UniqueConstraint("ref", name=op.f("uq_losses_ref")),
    )
    op.create_index(op.f("ix_losses_parent_id"), "losses", ["parent_id"], unique=False)
    op.create_table(
        "published_counts",
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "token", "symbol", "session_date", name=op.f("pk_published_counts")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("published", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("dead", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("in_flight", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('balanced', 'in_flight', 'unexplained', 'surplus')", name=op.f("ck_reconciliations_verdict")
        ),
        sa.PrimaryKeyConstraint("source", "symbol", "session_date", name=op.f("pk_reconciliations")),
    )
    op.create_table(
        "stream_positions",
        sa.Column("group_name", sa.String(length=80), nullable=False),
        sa.Column("generation", sa.String(length=40), nullable=False),
        sa.Column("acknowledged_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("group_name", name=op.f("pk_stream_positions")),
    )
    op.create_table(
        "dead_letter_actions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("dead_letter_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["dead_letter_id"], ["dead_letters.id"], name=op.f("fk_dead_letter_actions_dead_letter_id_dead_letters")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter_actions")),
    )
    op.create_index(
        op.f("ix_dead_letter_actions_dead_letter_id"), "dead_letter_actions", ["dead_letter_id"], unique=False
    )
    op.add_column("dead_letters", sa.Column("source", sa.String(length=16), nullable=True))
    op.add_column("dead_letters", sa.Column("symbol", sa.String(length=16), nullable=True))
    op.add_column("dead_letters", sa.Column("session_date", sa.Date(), nullable=True))
    op.add_column("dead_letters", sa.Column("truncated", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("dead_letters", sa.Column("state", sa.String(length=12), server_default="open", nullable=False))
    op.add_column("dead_letters", sa.Column("correction", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("dead_letters", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_dead_letters_state"), "dead_letters", "state IN ('open', 'redriven', 'discarded')"
    )
    op.add_column("lake_files", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lake_files", sa.Column("purged_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lake_files", sa.Column("damage", sa.Text(), nullable=True))


def downgrade() -> None:
    """Back."""
    op.drop_column("lake_files", "damage")
    op.drop_column("lake_files", "purged_at")
    op.drop_column("lake_files", "verified_at")
    op.drop_constraint(op.f("ck_dead_letters_state"), "dead_letters", type_="check")
    op.drop_column("dead_letters", "resolved_at")
    op.drop_column("dead_letters", "correction")
    op.drop_column("dead_letters", "state")
    op.drop_column("dead_letters", "truncated")
    op.drop_column("dead_letters", "session_date")
    op.drop_column("dead_letters", "symbol")
    op.drop_column("dead_letters", "source")
    op.drop_index(op.f("ix_dead_letter_actions_dead_letter_id"), table_name="dead_letter_actions")
    op.drop_table("dead_letter_actions")
    op.drop_table("stream_positions")
    op.drop_table("reconciliations")
    op.drop_table("published_counts")
    op.drop_index(op.f("ix_losses_parent_id"), table_name="losses")
    op.drop_table("losses")
    op.drop_index("ix_ingest_batches_last_id", table_name="ingest_batches")
    op.drop_table("ingest_batches")
    op.drop_table("given_numbers")
    op.drop_index("ix_gaps_session_date", table_name="gaps")
    op.drop_table("gaps")
    op.drop_table("feed_coverage")
    op.drop_table("duplicate_counts")
