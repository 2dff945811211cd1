"""This revision lets notifications be followed."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHANGED = ("notify_change", "send_notification")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "ALTER TABLE attune.notification ADD COLUMN xact bigint NOT NULL "
        "DEFAULT pg_current_xact_id()::text::bigint"
    )
    op.execute("CREATE INDEX ix_notification_xact ON attune.notification (xact)")
    apply_sql(*(f"0007_{name}" for name in CHANGED))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql(*(f"0002_{name}" for name in CHANGED))
    op.execute("ALTER TABLE attune.notification DROP COLUMN xact")
