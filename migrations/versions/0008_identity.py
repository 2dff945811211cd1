"""This revision lets identities be kept."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql(
        "0008_identity",
        "0008_notify_permissions",
        "0008_private_pack",
        "0008_keep_home",
        "0008_keep_artifact_owner",
        "0008_sees_pack",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "DROP TRIGGER integration_token_notify_permissions ON attune.integration_token"
    )
    op.execute("DROP ROUTINE attune.keep_home CASCADE")
    op.execute("DROP ROUTINE attune.private_pack")
    op.execute("DROP ROUTINE attune.sees_pack")
    op.execute("DROP ROUTINE attune.keep_artifact_owner CASCADE")
    op.execute("ALTER TABLE attune.artifact DROP COLUMN owner_identity")
    for table in ("event", "enforcement"):
        op.execute(f"ALTER TABLE attune.{table} DROP COLUMN owner_identity")
    for table in ("event", "enforcement", "execution"):
        op.execute(f"ALTER TABLE attune.{table} DROP COLUMN home_pack")
    op.execute("DROP TABLE attune.login_failure")
    op.execute("ALTER TABLE attune.permission_set DROP COLUMN owner_identity")
