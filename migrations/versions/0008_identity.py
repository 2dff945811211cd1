"""This revision lets identities be kept."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0008_identity", "0008_notify_permissions")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "DROP TRIGGER integration_token_notify_permissions ON attune.integration_token"
    )
    op.execute("DROP TABLE attune.login_failure")
    op.execute("ALTER TABLE attune.permission_set DROP COLUMN owner_identity")
