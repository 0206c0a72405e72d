"""Where mail lies: one module per kind of mailbox. Everything is read once, as a stream, and never written to.

`discover` leads from what a user names to sources, and `open` to messages. A kind each: `mbox`, `maildir`, `eml` (also
trees of messages), `apple`, `tar`, `zip`, `stdin`. What they share: `walk` (folders), `sniff` and `probe` (what a
file is), `content` (a file with mail in it), `members` (of archives), `files`, `compression`, `chunks` (bytes).
"""
