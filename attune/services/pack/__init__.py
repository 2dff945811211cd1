"""Packs: installed, looked at, changed, removed; their files handed to workers."""
