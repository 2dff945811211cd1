"""This revision makes room for running workflows, admission by policies and inquiries."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("workflow_timer", "workflow_item", "workflow_fan_out", "workflow_task")
CHANGED = ("snapshot_action", "fill_execution", "notify_execution")
COLUMNS = ("awaited", "held_status", "secret_references", "enqueued_at", "admitted_at")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql(
        "0003_workflow",
        *(f"0003_{name}" for name in CHANGED),
        "0003_notify_admission",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP ROUTINE attune.notify_admission CASCADE")
    apply_sql(*(f"0002_{name}" for name in CHANGED))
    for table in TABLES:
        op.execute(f"DROP TABLE attune.{table}")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE attune.execution DROP COLUMN {column}")
