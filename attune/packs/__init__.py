"""Reading, checking and bundling packs."""
