"""This revision makes the schema: the closed sets and every table."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE SCHEMA attune")
    apply_sql(
        "0001_types",
        "0001_identity",
        "0001_pack",
        "0001_automation",
        "0001_run",
        "0001_outcome",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP SCHEMA attune CASCADE")
