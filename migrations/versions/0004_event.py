"""This revision notes what of a payload does not fit the schema of its trigger."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0004_event")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE attune.event DROP COLUMN payload_problems")
    op.execute("ALTER TABLE attune.trigger DROP COLUMN payload_check")
    op.execute("DROP TYPE attune.payload_check_enum")
