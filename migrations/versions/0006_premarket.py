"""Before the open: the ladder and its reports, scores of predictions, alerts and the messages about them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# How predictions had done is kept for good; `refuse_change` is of the migration before.
_KEEP = """CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON prediction_scores
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"""


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), server_default="", nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clear_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by = '')", name=op.f("ck_alerts_acknowledged_by_somebody")
        ),
        sa.CheckConstraint("(resolved_at IS NULL) = (resolved_by = '')", name=op.f("ck_alerts_resolved_by_somebody")),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name=op.f("ck_alerts_severity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_raised_at", "alerts", ["raised_at"], unique=False)
    op.create_index(
        "uq_alerts_unresolved",
        "alerts",
        ["rule", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "alert_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gave_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("event IN ('raised', 'escalated', 'resolved')", name=op.f("ck_alert_deliveries_event")),
        sa.CheckConstraint("num_nonnulls(sent_at, gave_up_at) <= 1", name=op.f("ck_alert_deliveries_one_end")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_deliveries_alert_id_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_deliveries")),
        sa.UniqueConstraint(
            "alert_id", "channel", "event", "severity", name=op.f("uq_alert_deliveries_alert_id_channel_event_severity")
        ),
    )
    op.create_index(
        "ix_alert_deliveries_due",
        "alert_deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL AND gave_up_at IS NULL"),
    )
    op.create_table(
        "prediction_scores",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("horizon", sa.String(length=8), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcomes", sa.Integer(), nullable=False),
        sa.Column("degraded", sa.Boolean(), nullable=False),
        sa.Column(
            "figures", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("outcomes >= 0", name=op.f("ck_prediction_scores_outcomes")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["prediction_models.id"], name=op.f("fk_prediction_scores_model_id_prediction_models")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction_scores")),
        sa.UniqueConstraint(
            "model_id",
            "symbol",
            "horizon",
            "session_date",
            name=op.f("uq_prediction_scores_model_id_symbol_horizon_session_date"),
        ),
    )
    op.create_index("ix_prediction_scores_session_date", "prediction_scores", ["session_date"], unique=False)
    op.create_table(
        "premarket_reports",
        sa.Column("market", sa.String(length=32), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column(
            "reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("asof", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('READY', 'DEGRADED', 'LATE', 'MISSING')", name=op.f("ck_premarket_reports_verdict")
        ),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict = 'READY' OR reasons <> '[]'::jsonb",
            name=op.f("ck_premarket_reports_verdict_with_reason"),
        ),
        sa.CheckConstraint("(made_at IS NULL) = (document IS NULL)", name=op.f("ck_premarket_reports_made_at")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["analysis_jobs.id"], name=op.f("fk_premarket_reports_job_id_analysis_jobs")
        ),
        sa.ForeignKeyConstraint(["market"], ["markets.name"], name=op.f("fk_premarket_reports_market_markets")),
        sa.PrimaryKeyConstraint("market", "session_date", name=op.f("pk_premarket_reports")),
    )
    op.create_table(
        "premarket_stages",
        sa.Column("market", sa.String(length=32), nullable=False),
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=8), server_default="planned", nullable=False),
        sa.Column("asof", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_s", sa.Integer(), nullable=True),
        sa.Column(
            "reasons", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.Column(
            "jobs", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint(
            "(status IN ('done', 'late', 'failed', 'skipped')) = (done_at IS NOT NULL)",
            name=op.f("ck_premarket_stages_done_at_the_end"),
        ),
        sa.CheckConstraint(
            "stage IN ('comprehensive', 'patterns', 'predictions', 'composite', 'report', 'verify')",
            name=op.f("ck_premarket_stages_stage"),
        ),
        sa.CheckConstraint(
            "status = 'planned' OR status = 'skipped' OR asof IS NOT NULL",
            name=op.f("ck_premarket_stages_asof_once_begun"),
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'started', 'done', 'late', 'failed', 'skipped')",
            name=op.f("ck_premarket_stages_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('failed', 'skipped') OR reasons <> '[]'::jsonb",
            name=op.f("ck_premarket_stages_ended_with_reason"),
        ),
        sa.CheckConstraint("deadline_at >= planned_at", name=op.f("ck_premarket_stages_deadline")),
        sa.ForeignKeyConstraint(["market"], ["markets.name"], name=op.f("fk_premarket_stages_market_markets")),
        sa.PrimaryKeyConstraint("market", "session_date", "stage", name=op.f("pk_premarket_stages")),
    )
    op.create_index(
        "ix_premarket_stages_unfinished",
        "premarket_stages",
        ["planned_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.execute(_KEEP)


def downgrade() -> None:
    """Back."""
    op.drop_index(
        "ix_premarket_stages_unfinished", table_name="premarket_stages", postgresql_where=sa.text("done_at IS NULL")
    )
    op.drop_table("premarket_stages")
    op.drop_table("premarket_reports")
    op.drop_index("ix_prediction_scores_session_date", table_name="prediction_scores")
    op.drop_table("prediction_scores")
    op.drop_index(
        "ix_alert_deliveries_due",
        table_name="alert_deliveries",
        postgresql_where=sa.text("sent_at IS NULL AND gave_up_at IS NULL"),
    )
    op.drop_table("alert_deliveries")
    op.drop_index("uq_alerts_unresolved", table_name="alerts", postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_index("ix_alerts_raised_at", table_name="alerts")
    op.drop_table("alerts")
