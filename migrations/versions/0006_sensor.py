"""This revision keeps sensors alive."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql(
        "0006_sensor",
        "0006_notify_sensor",
        "0006_notify_definitions",
        "0006_remove_sensor_log",
        "0006_snapshot_sensor",
        "0006_fill_event",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE attune.artifact_piece, attune.sensor_process")
    op.execute("DROP INDEX attune.ix_notification_rule")
    op.execute("DROP SEQUENCE attune.sensor_generation")
    op.execute("DROP ROUTINE attune.notify_sensor")
    apply_sql("0002_fill_event")
    op.execute("DROP ROUTINE attune.snapshot_sensor")
    op.execute("DROP ROUTINE attune.remove_sensor_log CASCADE")
    op.execute("DROP TRIGGER sensor_notify_definitions ON attune.sensor")
