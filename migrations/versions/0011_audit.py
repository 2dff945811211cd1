"""This revision records who did what."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0011_audit", "0011_audit_change")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP ROUTINE attune.audit_change CASCADE")
    op.execute("DROP TABLE attune.audit_event")
    op.execute("DROP TYPE attune.audit_category_enum")
    op.execute("DROP TYPE attune.audit_outcome_enum")
