"""This revision lets keys expire, and packs be configured by each who uses them."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0009_key", "0009_snapshot_action")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0003_snapshot_action")
    op.execute("DROP TABLE attune.pack_config")
    op.execute("ALTER TABLE attune.workflow_definition DROP COLUMN author")
    op.execute("ALTER TABLE attune.pack DROP COLUMN configured_by")
    op.execute("ALTER TABLE attune.key DROP COLUMN expires_at")
