"""The chain of commit records, and the numbers that each adds to the ledger."""
