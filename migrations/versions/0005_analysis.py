"""Analyses: jobs and their results, models, the ledger of predictions, signals, settings, changes by hand."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The ledger of predictions and the list of changes are of use only as long as nobody can touch them up.
_KEEP = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are kept as they are', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
_FILL_ONCE = """
CREATE FUNCTION fill_outcome_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    filled predictions := OLD;
BEGIN
    filled.outcome := NEW.outcome;
    filled.outcome_price := NEW.outcome_price;
    filled.resolved_at := NEW.resolved_at;
    filled.void := NEW.void;
    IF OLD.resolved_at IS NOT NULL OR NEW.resolved_at IS NULL OR NEW.resolved_at < OLD.target_ts
        OR NEW IS DISTINCT FROM filled
    THEN
        RAISE EXCEPTION 'a prediction is kept as it is; only its outcome is filled, once, after its time'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER fill_once BEFORE UPDATE ON predictions FOR EACH ROW EXECUTE FUNCTION fill_outcome_once()",
    "CREATE TRIGGER keep BEFORE DELETE OR TRUNCATE ON predictions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    """CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "admin_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column(
            "changes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_changes")),
    )
    op.create_index("ix_admin_changes_entity_key", "admin_changes", ["entity", "key"], unique=False)
    op.create_table(
        "analysis_jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("symbols", postgresql.ARRAY(sa.String(length=16)), nullable=False),
        sa.Column("timeframe", sa.String(length=16), server_default="", nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("asof", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "parameters", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("asked_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("idempotency_key", sa.String(length=200), nullable=True),
        sa.Column("requested_by", sa.String(length=32), nullable=False),
        sa.Column("retry_of", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=10), server_default="pending", nullable=False),
        sa.Column("stage", sa.String(length=80), server_default="", nullable=False),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worker", sa.String(length=120), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "resources", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("(status = 'failed') = (error <> '')", name=op.f("ck_analysis_jobs_failed_with_reason")),
        sa.CheckConstraint(
            "(status IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name=op.f("ck_analysis_jobs_finished_at_the_end"),
        ),
        sa.CheckConstraint(
            "kind IN ('full', 'single', 'multi', 'series', 'prediction')", name=op.f("ck_analysis_jobs_kind")
        ),
        sa.CheckConstraint(
            "progress BETWEEN 0 AND 1 AND (status <> 'done' OR progress = 1)", name=op.f("ck_analysis_jobs_progress")
        ),
        sa.CheckConstraint(
            "status <> 'running' OR (started_at IS NOT NULL AND heartbeat_at IS NOT NULL)",
            name=op.f("ck_analysis_jobs_running"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_analysis_jobs_status")
        ),
        sa.CheckConstraint("attempt BETWEEN 0 AND 2", name=op.f("ck_analysis_jobs_attempt")),
        sa.CheckConstraint("cardinality(symbols) BETWEEN 1 AND 32", name=op.f("ck_analysis_jobs_symbols")),
        sa.CheckConstraint("retry_of <> id", name=op.f("ck_analysis_jobs_retry_of_another")),
        sa.CheckConstraint("start_date <= end_date", name=op.f("ck_analysis_jobs_range")),
        sa.ForeignKeyConstraint(
            ["retry_of"], ["analysis_jobs.id"], name=op.f("fk_analysis_jobs_retry_of_analysis_jobs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis_jobs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_analysis_jobs_idempotency_key")),
    )
    op.create_index("ix_analysis_jobs_status_created_at", "analysis_jobs", ["status", "created_at"], unique=False)
    op.create_index(
        "uq_analysis_jobs_unfinished",
        "analysis_jobs",
        ["request_hash"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_table(
        "prediction_models",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "parameters", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "performance",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("performance_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_prediction_models_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction_models")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_prediction_models_kind_version")),
    )
    op.create_table(
        "user_settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9_.]*$'", name=op.f("ck_user_settings_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_user_settings")),
    )
    op.create_table(
        "analysis_results",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("asof", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=4), nullable=True),
        sa.Column("reason_code", sa.String(length=40), server_default="", nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("trend_score", sa.Float(), nullable=True),
        sa.Column("volatility", sa.Float(), nullable=True),
        sa.Column("pattern_strength", sa.Float(), nullable=True),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column("data_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column(
            "document", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.CheckConstraint("(scope = '*') = (action IS NULL)", name=op.f("ck_analysis_results_action_per_symbol")),
        sa.CheckConstraint("action <> 'HOLD' OR reason_code <> ''", name=op.f("ck_analysis_results_hold_with_reason")),
        sa.CheckConstraint("action IN ('BUY', 'SELL', 'HOLD')", name=op.f("ck_analysis_results_action")),
        sa.CheckConstraint("verdict IN ('ok', 'degraded', 'reject')", name=op.f("ck_analysis_results_verdict")),
        sa.CheckConstraint("confidence BETWEEN 0.5 AND 1", name=op.f("ck_analysis_results_confidence")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["analysis_jobs.id"], name=op.f("fk_analysis_results_job_id_analysis_jobs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis_results")),
        sa.UniqueConstraint("job_id", "scope", name=op.f("uq_analysis_results_job_id_scope")),
    )
    op.create_index("ix_analysis_results_scope_created_at", "analysis_results", ["scope", "created_at"], unique=False)
    op.create_table(
        "predictions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("horizon", sa.String(length=8), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asof", sa.DateTime(timezone=True), nullable=False),
        sa.Column("target_ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("base_price", sa.Float(), nullable=False),
        sa.Column("base_rate", sa.Float(), nullable=False),
        sa.Column("p", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("gated", sa.Boolean(), nullable=False),
        sa.Column("n_train", sa.Integer(), nullable=False),
        sa.Column("params_hash", sa.String(length=64), nullable=False),
        sa.Column("data_hash", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=True),
        sa.Column("outcome_price", sa.Float(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (outcome IS NULL AND void = '')", name=op.f("ck_predictions_resolved")
        ),
        sa.CheckConstraint("outcome IS NULL OR void = ''", name=op.f("ck_predictions_void_has_no_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (outcome_price IS NULL)", name=op.f("ck_predictions_outcome_price")),
        sa.CheckConstraint("low <= high", name=op.f("ck_predictions_interval")),
        sa.CheckConstraint("outcome IN (0, 1)", name=op.f("ck_predictions_outcome")),
        sa.CheckConstraint("p > 0 AND p < 1", name=op.f("ck_predictions_p")),
        sa.CheckConstraint("target_ts > asof AND made_at >= asof", name=op.f("ck_predictions_times")),
        sa.ForeignKeyConstraint(["job_id"], ["analysis_jobs.id"], name=op.f("fk_predictions_job_id_analysis_jobs")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["prediction_models.id"], name=op.f("fk_predictions_model_id_prediction_models")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.UniqueConstraint(
            "symbol", "horizon", "asof", "model_id", "params_hash", "data_hash", name="uq_predictions_same"
        ),
    )
    op.create_index(
        "ix_predictions_due",
        "predictions",
        ["target_ts"],
        unique=False,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ix_predictions_symbol_asof", "predictions", ["symbol", "asof"], unique=False)
    op.create_table(
        "signals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.BigInteger(), nullable=True),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        sa.Column("reason_code", sa.String(length=40), server_default="", nullable=False),
        sa.Column("asof", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side <> 'HOLD' OR reason_code <> ''", name=op.f("ck_signals_hold_with_reason")),
        sa.CheckConstraint("side IN ('BUY', 'SELL', 'HOLD')", name=op.f("ck_signals_side")),
        sa.CheckConstraint(
            "strength BETWEEN 0 AND 1 AND (side <> 'HOLD' OR strength = 0)", name=op.f("ck_signals_strength")
        ),
        sa.CheckConstraint("valid_until > asof", name=op.f("ck_signals_valid_until")),
        sa.ForeignKeyConstraint(["job_id"], ["analysis_jobs.id"], name=op.f("fk_signals_job_id_analysis_jobs")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["prediction_models.id"], name=op.f("fk_signals_model_id_prediction_models")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sa.UniqueConstraint("job_id", "symbol", name=op.f("uq_signals_job_id_symbol")),
    )
    op.create_index("ix_signals_symbol_asof", "signals", ["symbol", "asof"], unique=False)
    for statement in (_KEEP, _FILL_ONCE, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_signals_symbol_asof", table_name="signals")
    op.drop_table("signals")
    op.drop_index("ix_predictions_symbol_asof", table_name="predictions")
    op.drop_index("ix_predictions_due", table_name="predictions", postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_table("predictions")
    op.drop_index("ix_analysis_results_scope_created_at", table_name="analysis_results")
    op.drop_table("analysis_results")
    op.drop_table("user_settings")
    op.drop_table("prediction_models")
    op.drop_index(
        "uq_analysis_jobs_unfinished",
        table_name="analysis_jobs",
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.drop_index("ix_analysis_jobs_status_created_at", table_name="analysis_jobs")
    op.drop_table("analysis_jobs")
    op.drop_index("ix_admin_changes_entity_key", table_name="admin_changes")
    op.drop_table("admin_changes")
    for function in ("fill_outcome_once", "refuse_change"):
        op.execute(f"DROP FUNCTION {function}()")
