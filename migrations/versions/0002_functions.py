"""This revision makes the database keep its own rules: every function and table trigger."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What a later file calls comes before it.
FUNCTIONS = (
    "is_semantic_version",
    "check_pack",
    "fill_reference",
    "link_references",
    "verify_component_ref",
    "fill_key_owner",
    "fill_inquiry_assignee",
    "snapshot_trigger",
    "snapshot_action",
    "fill_event",
    "fill_enforcement",
    "stamp_enforcement_resolved",
    "fill_execution",
    "release_enforcement",
    "stamp_updated",
    "send_notification",
    "announce",
    "notify_event",
    "notify_enforcement",
    "notify_execution",
    "notify_workflow_execution",
    "notify_inquiry",
    "notify_artifact",
    "notify_change",
    "notify_definitions",
    "notify_permissions",
    "notify_dispatch",
    "notify_log",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql(*(f"0002_{name}" for name in FUNCTIONS))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP ROUTINE attune.{name} CASCADE")
