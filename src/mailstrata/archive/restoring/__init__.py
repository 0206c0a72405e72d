"""Restoring: the files of sources as they were, each proven by its SHA-256."""
