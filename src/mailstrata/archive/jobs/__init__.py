"""Archiving with several processes: one reads, decides and commits, the others parse, strip and compress."""
