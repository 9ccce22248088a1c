"""Instruments that cannot be wrong, their weights, and the changes of their contracts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INSTRUMENT_CHECKS = {
    "tick_decimals": "tick_decimals BETWEEN 0 AND 9",
    "multiplier_positive": "multiplier > 0",
    "price_format": "price_format IN ('D', '32')",
}


def _weight(name: str) -> sa.Column:
    return sa.Column(name, sa.Numeric(precision=12, scale=6), nullable=False)


def _instant(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    """Forward."""
    for name, condition in _INSTRUMENT_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_trading_instruments_{name}"), "trading_instruments", condition)
    op.create_table(
        "contract_weights",
        sa.Column("composite", sa.String(length=32), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        _weight("weight"),
        _check("contract_weights", "finite", "weight BETWEEN -1000 AND 1000"),
        _check("contract_weights", "composite", "composite ~ '^[a-z0-9][a-z0-9_-]*$'"),
        sa.ForeignKeyConstraint(
            ["symbol"], ["trading_instruments.symbol"], name=op.f("fk_contract_weights_symbol_trading_instruments")
        ),
        sa.PrimaryKeyConstraint("composite", "symbol", "valid_from", name=op.f("pk_contract_weights")),
    )
    op.create_table(
        "signal_weights",
        sa.Column("signal", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        *(_weight(name) for name in ("weight", "min_weight", "max_weight")),
        _check("signal_weights", "finite", "min_weight >= 0 AND max_weight <= 1000"),
        _check("signal_weights", "bounds", "weight BETWEEN min_weight AND max_weight"),
        _check("signal_weights", "signal", "signal ~ '^[a-z0-9][a-z0-9_-]*$'"),
        sa.PrimaryKeyConstraint("signal", "valid_from", name=op.f("pk_signal_weights")),
    )
    op.create_table(
        "contract_rolls",
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("from_contract", sa.String(length=24), nullable=True),
        sa.Column("to_contract", sa.String(length=24), nullable=False),
        _instant("last_ts", nullable=True),
        _instant("first_ts"),
        sa.Column("session_date", sa.Date(), nullable=False),
        _instant("noticed_at"),
        _check("contract_rolls", "number", "number > 0"),
        _check("contract_rolls", "kind", "kind IN ('first', 'roll', 'switch')"),
        _check("contract_rolls", "begins_with_first", "(kind = 'first') = (number = 1)"),
        _check(
            "contract_rolls",
            "changes_from",
            "(kind = 'first') = (from_contract IS NULL) AND (kind = 'first') = (last_ts IS NULL)",
        ),
        _check("contract_rolls", "changes", "from_contract <> to_contract AND last_ts <= first_ts"),
        sa.PrimaryKeyConstraint("symbol", "source", "number", name=op.f("pk_contract_rolls")),
        sa.UniqueConstraint("symbol", "source", "first_ts", name=op.f("uq_contract_rolls_symbol_source_first_ts")),
    )


def downgrade() -> None:
    """Back."""
    for table in ("contract_rolls", "signal_weights", "contract_weights"):
        op.drop_table(table)
    for name in _INSTRUMENT_CHECKS:
        op.drop_constraint(op.f(f"ck_trading_instruments_{name}"), "trading_instruments")
