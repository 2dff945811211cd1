"""The hands of the workflows: each states as a Protocol what it needs, and is idempotent."""
