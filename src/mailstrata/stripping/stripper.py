"""A message into its skeleton and its blobs, while it streams by.

What becomes of a leaf that the policy wants out is up to `Leaf`. Its header block, which the placeholder quotes, is
written when its body has ended; nothing else of the message passes in between.
"""
# ruff: noqa: ARG002 - the methods are called as those of a sink are, with the message

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from mailstrata.message.info import MessageInfo, PartInfo
from mailstrata.stripping.counts import StripCounts
from mailstrata.stripping.escape import Escaper
from mailstrata.stripping.leaf import Blob, Leaf, StrippedPart
from mailstrata.stripping.placeholder import can_be_placeholder, make_placeholder
from mailstrata.stripping.policy import StripPolicy
from mailstrata.stripping.recorder import recorder_for


@dataclass(frozen=True, slots=True)
class StrippedMessage:
    """What became of a message. `size` is the number of its bytes that came in. `escaped` says that they held words of
    the marker."""

    size: int
    counts: StripCounts
    escaped: bool

    @property
    def stripped(self) -> int:
        """Parts that were taken out."""
        return self.counts.parts_by_recipe

    @property
    def kept(self) -> int:
        """Parts that were wanted out and large enough, and are still in."""
        return self.counts.parts_kept

    @property
    def is_changed(self) -> bool:
        """Whether what was written differs from the message; if not, it is no skeleton but the message."""
        return self.escaped or self.counts.parts_by_recipe > 0


class Stripper(Generic[Blob]):
    """Strips one message after another: `write` gets the skeleton, `new_blob` makes a blob for each part tried.

    It is called as a sink is that wants all there is (`sinks.protocol.Sink`): with every byte of a message, and the
    decoded content and the digest of its leaves. Content never makes it raise. What `write`, `new_blob` and the blobs
    raise passes through; call `discard` then, or when a message will not come to its end.

    It holds the header block of a part that is on its way out, and of a body about 1 MiB, encoded and decoded.
    """

    __slots__ = ("_awaits_body", "_counts", "_escaper", "_leaf", "_new_blob", "_policy", "_size", "_write")

    def __init__(self, policy: StripPolicy, write: Callable[[bytes], object], new_blob: Callable[[], Blob]) -> None:
        self._policy = policy
        self._write = write
        self._new_blob = new_blob
        self._escaper = Escaper()
        self._counts = StripCounts()
        self._leaf: Leaf[Blob] | None = None
        self._size = 0
        self._awaits_body = False  # of an attachment in base64, which counts if it has one

    def begin_message(self, message: MessageInfo) -> None:
        """A message begins."""
        self._size = 0
        self._escaper = Escaper()
        self._counts = StripCounts()
        self._leaf = None

    def begin_part(self, message: MessageInfo, part: PartInfo) -> None:
        """A part begins; its header fields are known."""
        self._awaits_body = False
        if part.is_container:
            return
        if part.encoding == "base64" and part.is_attachment:
            self._awaits_body = True
        minimum = self._policy.minimum_for(part)
        if minimum is None or not can_be_placeholder(part):
            return
        recorder = recorder_for(part.encoding)
        if recorder is not None:
            self._leaf = Leaf(part, recorder, minimum, self._new_blob, self._through)

    def raw(self, message: MessageInfo, part: PartInfo, kind: str, data: bytes) -> None:
        """The next bytes of the message. `kind` is `body` for those of the body of a leaf: the parser and the pipeline
        call it so."""
        self._size += len(data)
        if kind == "body" and self._awaits_body:
            self._awaits_body = False
            self._counts.base64_attachments += 1
        leaf = self._leaf
        if leaf is None or leaf.part is not part:
            self._through(data)
        elif kind == "body":
            leaf.raw(data)

    def decoded(self, message: MessageInfo, part: PartInfo, data: bytes) -> None:
        """The next bytes of the decoded content of a leaf; after the raw bytes that they come from."""
        leaf = self._leaf
        if leaf is not None and leaf.part is part:
            leaf.decoded(data)

    def _through(self, data: bytes) -> None:
        """Bytes that stay."""
        out = self._escaper.feed(data)
        if out:
            self._write(out)

    def end_part(self, message: MessageInfo, part: PartInfo) -> StrippedPart[Blob] | None:
        """The part has ended. If it was taken out, its blob is now the caller's.

        Raises `UsageError` where `part.sha256` or `part.size` is missing: they are to be set by now.
        """
        leaf = self._leaf
        if leaf is None or leaf.part is not part:
            return None
        counts = self._counts
        stripped = leaf.end()
        if stripped is not None:
            held = self._escaper.flush()
            if held:
                self._write(held)
            self._write(make_placeholder(part, sha256=stripped.sha256, size=stripped.size, recipe=stripped.recipe))
            counts.parts_by_recipe += 1
            if stripped.has_patches:
                counts.parts_with_patches += 1
            if stripped.encoding == "base64" and part.is_attachment:
                counts.base64_attachments_by_recipe += 1
        elif leaf.is_too_small:
            counts.parts_too_small += 1
        else:
            counts.parts_kept += 1
        self._leaf = None
        return stripped

    def end_message(self) -> StrippedMessage:
        """The message has ended, and so has its skeleton: all of it has been written."""
        held = self._escaper.flush()
        if held:
            self._write(held)
        return StrippedMessage(self._size, self._counts, self._escaper.changed)

    def discard(self) -> None:
        """The message will not come to its end: discard the blob under way, if there is one."""
        leaf = self._leaf
        self._leaf = None
        if leaf is not None:
            leaf.discard()
