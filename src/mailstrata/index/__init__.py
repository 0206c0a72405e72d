"""The Parquet tables of messages, occurrences, parts and blobs."""
