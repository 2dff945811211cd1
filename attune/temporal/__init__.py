"""Our side of Temporal: the client, the gateway and the translation of failures."""
