"""The WebSocket at `/ws` (contract, m.2)."""
