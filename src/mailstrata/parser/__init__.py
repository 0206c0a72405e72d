"""The incremental MIME and mbox parser: bytes in, events out; no I/O and no decoding."""
