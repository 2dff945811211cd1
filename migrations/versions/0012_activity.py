"""This revision lets executions of a workflow share an activity."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0012_activity")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX attune.ix_execution_awaited")
    op.execute("ALTER TABLE attune.execution DROP COLUMN activity_of")
