"""What crosses Temporal: frozen models that only ever grow."""
