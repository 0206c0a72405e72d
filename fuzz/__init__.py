"""Fuzzing: what no bytes may do. `make fuzz` runs each target for a minute; see docs/fuzzing.md."""
