"""Incremental decoders of transfer encodings (RFC 2045, 6) and of mbox quoting; no I/O."""
