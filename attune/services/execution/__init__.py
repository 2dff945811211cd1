"""The use cases of executions."""
