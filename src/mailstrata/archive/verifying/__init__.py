"""Verifying: everything an archive promises is read again and compared."""
