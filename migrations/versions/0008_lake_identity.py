"""Which lake this is, so that its copy in a bucket can be told from that of another."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "lake_identity",
        sa.Column("only_one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("lake", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("only_one", name=op.f("ck_lake_identity_one_row")),
        sa.PrimaryKeyConstraint("only_one", name=op.f("pk_lake_identity")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("lake_identity")
