"""Use cases: one transaction each, with an outbox row where Temporal has to hear of it."""
