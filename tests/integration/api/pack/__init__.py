"""Packs over HTTP."""
