"""Maintenance: compaction of many small commits, and erasure of messages."""
