"""This revision lets timers fire."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FUNCTIONS = ("is_timer", "set_timer", "keep_timer", "keep_timers")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0005_timer", *(f"0005_{name}" for name in FUNCTIONS))
    op.execute(
        "SELECT attune.set_timer(r, true) FROM attune.rule AS r "
        "WHERE attune.is_timer(r.trigger_ref)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP ROUTINE attune.{name} CASCADE")
    op.execute("DROP TABLE attune.timer")
    op.execute("DELETE FROM attune.outbox WHERE kind = 'set_timer'")
