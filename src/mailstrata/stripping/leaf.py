"""One part on its way out of its message, or back into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailstrata.errors import UsageError
from mailstrata.message.info import PartInfo
from mailstrata.stripping.blob import BlobUnderWay
from mailstrata.stripping.recorder import Recorder, rebuild
from mailstrata.transfer import IDENTITY_ENCODINGS

MAX_HELD_BYTES = 1 << 20
"""Of a body that may yet prove too small to be taken out, at most so many bytes wait in memory; then they go into a
blob, out of which they come back if need be."""

Blob = TypeVar("Blob", bound=BlobUnderWay)


@dataclass(frozen=True, slots=True)
class StrippedPart(Generic[Blob]):
    """A part that was taken out. `blob` now belongs to whoever gets this.

    `sha256` (lower-case hexadecimal) and `size` (bytes) are those of the decoded content, `encoded_size` (bytes) is
    that of the body as it stood in the message, in the transfer encoding `encoding`. `has_patches` says that the body
    deviates somewhere from the rule that the rest of it follows.
    """

    blob: Blob
    sha256: str
    size: int
    recipe: str
    encoded_size: int
    encoding: str
    has_patches: bool


class Leaf(Generic[Blob]):
    """A leaf that is wanted out.

    At first its body waits in memory, until there is enough of it. Then its content goes into a blob, and what is
    left of the body is the recipe under way. Where there is no recipe, the header block and the bytes that are gone
    already are written, these from the blob, and the rest goes through.
    """

    __slots__ = (
        "_blob",
        "_blob_size",
        "_content_alone",
        "_encoded_size",
        "_is_identity",
        "_is_kept",
        "_minimum",
        "_new_blob",
        "_raw_last",
        "_recorder",
        "_through",
        "_waiting_content",
        "_waiting_raw",
        "part",
    )

    def __init__(
        self,
        part: PartInfo,
        recorder: Recorder,
        minimum: int,
        new_blob: Callable[[], Blob],
        through: Callable[[bytes], None],
    ) -> None:
        self.part = part
        self._recorder = recorder
        self._minimum = minimum
        self._new_blob = new_blob
        self._through = through
        # The body is its content; it needs no decoder to say so, and no limit on decoding cuts it.
        self._is_identity = part.encoding in IDENTITY_ENCODINGS
        self._waiting_raw: list[bytes] = []
        self._waiting_content: list[bytes] = []
        self._blob: Blob | None = None
        self._blob_size = 0
        self._encoded_size = 0
        self._raw_last = b""  # recorded with its content, which comes next, or not at all
        self._content_alone = b""  # content that came without bytes of the body
        self._is_kept = False

    @property
    def is_too_small(self) -> bool:
        """Whether there is not enough of the body, so far."""
        return self._encoded_size < self._minimum

    def raw(self, data: bytes) -> None:
        """The next bytes of the body."""
        self._encoded_size += len(data)
        if self._is_kept:
            self._through(data)
            return
        if self._blob is None:
            if self._encoded_size < min(self._minimum, MAX_HELD_BYTES):
                self._waiting_raw.append(data)
                return
            self._blob = self._new_blob()
            self._raw_last = b"".join(self._waiting_raw)
            self._content_alone = b"".join(self._waiting_content)
            self._waiting_raw = []
            self._waiting_content = []
        self._record_last()
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Take bytes of the body, now that all before them is recorded or has gone through."""
        if self._is_kept:
            self._through(data)
        elif self._is_identity:
            self._record(data, data)
        else:
            self._raw_last = data

    def decoded(self, data: bytes) -> None:
        """The next bytes of the content."""
        if self._is_kept or self._is_identity:
            return
        if self._blob is None:
            self._waiting_content.append(data)
        elif self._raw_last:
            raw = self._raw_last
            self._raw_last = b""
            self._record(raw, data)
        else:
            self._content_alone += data

    def end(self) -> StrippedPart[Blob] | None:
        """The body has ended; None where the part was kept."""
        if self._is_kept:
            return None
        blob = self._blob
        if blob is None:
            self._through(self.part.headers.block)
            for data in self._waiting_raw:
                self._through(data)
            return None
        if self._raw_last:
            raw = self._raw_last
            self._raw_last = b""
            self._record(raw, b"")
        return self._stripped(blob)

    def _stripped(self, blob: Blob) -> StrippedPart[Blob] | None:
        """What was taken out, if all of it could be recorded."""
        if self._is_kept:
            return None
        # What came last, and alone, is what the decoder's `close` gave.
        if self._content_alone:
            blob.write(self._content_alone)
            self._blob_size += len(self._content_alone)
        recorder = self._recorder
        recorder.close(self._content_alone)
        part = self.part
        if part.sha256 is None or part.size is None:
            raise UsageError("stripping needs the digest and size of each part; ask for them, or set them beforehand")
        if recorder.failed or self.is_too_small or part.size != self._blob_size:
            self._take_back()
            return None
        return StrippedPart(
            blob=blob,
            sha256=part.sha256,
            size=part.size,
            recipe=recorder.recipe,
            encoded_size=self._encoded_size,
            encoding=part.encoding,
            has_patches=recorder.has_patches,
        )

    def discard(self) -> None:
        """Let go of the blob under way."""
        if self._blob is not None and not self._is_kept:
            self._is_kept = True
            self._blob.discard()

    def _record_last(self) -> None:
        """Record what waits for content that did not come, or came without bytes of the body."""
        raw = self._raw_last
        content = raw if self._is_identity else self._content_alone
        self._raw_last = b""
        self._content_alone = b""
        if raw or content:
            self._record(raw, content)

    def _record(self, raw: bytes, content: bytes) -> None:
        blob = self._blob
        assert blob is not None
        if content:
            blob.write(content)
            self._blob_size += len(content)
        self._recorder.feed(raw, content)
        if self._recorder.failed:
            self._take_back()

    def _take_back(self) -> None:
        """Write what is gone already; the part stays as it is."""
        blob = self._blob
        assert blob is not None
        recorder = self._recorder
        self._through(self.part.headers.block)
        for piece in rebuild(recorder.recipe, blob.read(), partial=True):
            self._through(piece)
        self._through(recorder.pending)
        self._is_kept = True
        blob.discard()
