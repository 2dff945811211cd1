"""Sensors: kept alive as rules need them, heard of by their workers, shown to people."""
