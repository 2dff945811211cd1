"""The use cases of notifications: followed, listed."""
