"""The processes that poll Temporal."""
