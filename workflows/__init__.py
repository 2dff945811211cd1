"""Deterministic orchestration: workflows obey orders and evaluate nothing a user wrote.

No clock, no randomness, no I/O; time-outs and retry policies are named in `options`.
"""
