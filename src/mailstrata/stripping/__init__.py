"""Taking attachments out of messages, and putting them back exactly, byte for byte; no I/O.

`strip_message` and `unstrip_message` work on streams. What drives a message through sinks uses `Stripper`; whoever
asks what a skeleton needs uses `placeholders`. `docs/stripping.md` describes what comes out.
"""

from __future__ import annotations

from mailstrata.stripping.blob import BlobUnderWay, FileBlob
from mailstrata.stripping.counts import StripCounts
from mailstrata.stripping.leaf import StrippedPart
from mailstrata.stripping.placeholder import Placeholder
from mailstrata.stripping.policy import ARCHIVE_POLICY, StripPolicy
from mailstrata.stripping.skeleton import placeholders, read_skeleton
from mailstrata.stripping.streams import strip_message, unstrip_message
from mailstrata.stripping.stripper import StrippedMessage, Stripper
from mailstrata.stripping.unstripper import Unstripper, unstripped

__all__ = [
    "ARCHIVE_POLICY",
    "BlobUnderWay",
    "FileBlob",
    "Placeholder",
    "StripCounts",
    "StripPolicy",
    "StrippedMessage",
    "StrippedPart",
    "Stripper",
    "Unstripper",
    "placeholders",
    "read_skeleton",
    "strip_message",
    "unstrip_message",
    "unstripped",
]
