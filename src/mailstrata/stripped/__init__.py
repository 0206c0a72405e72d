"""Mailboxes whose attachments lie beside them: `mailstrata strip` and `unstrip`."""
