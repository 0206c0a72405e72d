"""Snapshots: how a source was put together when it was read, as lines, and its files made of them again."""
