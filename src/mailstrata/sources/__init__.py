"""Where mail lies: one module per kind of mailbox."""
