-- Executions that run one after the other in one activity of their workflow.

ALTER TABLE attune.execution ADD COLUMN activity_of bigint;

CREATE INDEX ix_execution_awaited ON attune.execution (parent, id) WHERE awaited;
