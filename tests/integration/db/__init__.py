"""The database keeps its own rules, and repositories read and write by them."""
