"""Taking attachments out of messages, and putting them back exactly, byte for byte; no I/O.

`strip_message` and `unstrip_message` work on streams. What drives a message through sinks uses `Stripper`; whoever
asks what a skeleton needs uses `placeholders`. `docs/stripping.md` describes what comes out.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailstrata.stripping.blob import BlobUnderWay as BlobUnderWay
    from mailstrata.stripping.blob import FileBlob as FileBlob
    from mailstrata.stripping.counts import StripCounts as StripCounts
    from mailstrata.stripping.leaf import StrippedPart as StrippedPart
    from mailstrata.stripping.placeholder import Placeholder as Placeholder
    from mailstrata.stripping.policy import ARCHIVE_POLICY as ARCHIVE_POLICY
    from mailstrata.stripping.policy import StripPolicy as StripPolicy
    from mailstrata.stripping.skeleton import placeholders as placeholders
    from mailstrata.stripping.skeleton import read_skeleton as read_skeleton
    from mailstrata.stripping.streams import strip_message as strip_message
    from mailstrata.stripping.stripper import StrippedMessage as StrippedMessage
    from mailstrata.stripping.stripper import Stripper as Stripper
    from mailstrata.stripping.unstripper import Unstripper as Unstripper
    from mailstrata.stripping.unstripper import unstrip_message as unstrip_message
    from mailstrata.stripping.unstripper import unstripped as unstripped

# Who only puts messages together again waits for nothing that takes them apart: half a command's imports.
_HOME_OF = {
    "ARCHIVE_POLICY": "policy",
    "BlobUnderWay": "blob",
    "FileBlob": "blob",
    "Placeholder": "placeholder",
    "StripCounts": "counts",
    "StripPolicy": "policy",
    "StrippedMessage": "stripper",
    "StrippedPart": "leaf",
    "Stripper": "stripper",
    "Unstripper": "unstripper",
    "placeholders": "skeleton",
    "read_skeleton": "skeleton",
    "strip_message": "streams",
    "unstrip_message": "unstripper",
    "unstripped": "unstripper",
}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - strings, though made by an expression


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'mailstrata.stripping' has no attribute {name!r}")
    value = getattr(import_module(f"mailstrata.stripping.{module}"), name)
    globals()[name] = value
    return value
