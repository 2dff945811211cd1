"""This revision removes the files of artifacts together with what is kept of them."""

from alembic import op

from migrations.frozen import apply_sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    apply_sql("0010_artifact", "0010_remove_artifact_file")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP ROUTINE attune.remove_artifact_file CASCADE")
    op.execute("DROP INDEX attune.uq_artifact_version_file_path")
    op.execute("DROP INDEX attune.ix_artifact_version_pending")
    op.execute("DROP TABLE attune.artifact_removal")
