"""The archive as a sink: sources are recorded, and what earlier runs recorded is not read again."""
