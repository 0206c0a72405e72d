"""Reading content for texts: parts of messages and blobs, by their places in the packs.

Attachments of a message are never put back to get at its text: a skeleton is read as it is, and where a displayed text
has been taken out, its blob has it decoded already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from mailstrata.archive.catalogue.lookup import Lookup
from mailstrata.archive.commits.chain import CommitLog
from mailstrata.archive.folder.layout import Layout
from mailstrata.archive.packs.members import MemberKind
from mailstrata.archive.packs.pack_reader import PackReader
from mailstrata.archive.packs.pack_table import Place
from mailstrata.errors import ArchiveError
from mailstrata.search.texts.body_parts import PartRow
from mailstrata.stripping.placeholder import Placeholder
from mailstrata.stripping.skeleton import SkeletonReader
from mailstrata.transfer import IDENTITY_ENCODINGS, decoder_for

_ENCODED = 4 / 3 * 1.05  # how much longer than its content the encoded form is, at most, where it is not hostile


class FoundMessage(tuple[str, Place, bool]):
    """Where a message lies: pack, place, and whether it is kept as a skeleton. In the order of the packs."""

    __slots__ = ()


class Contents:
    """Reads from the packs of an archive. Use it in a `with` statement, or `close` it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        layout = Layout(root)
        log = CommitLog(layout.commits)
        log.load()
        self._lookup = Lookup(layout, log)
        self._packs = PackReader()
        # Making a path takes longer than finding a member in its pack.
        self._paths: dict[str, Path] = {}

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files. May be called again."""
        self._lookup.close()
        self._packs.close()

    def find_message(self, digest: str, *, may_be_stripped: bool) -> FoundMessage | None:
        """Where a message lies; None where the archive has not got it any more. `may_be_stripped` says what to look for
        first."""
        key = bytes.fromhex(digest)
        kinds = (MemberKind.SKELETON, MemberKind.MESSAGE)
        for kind in kinds if may_be_stripped else reversed(kinds):
            found = self._lookup.find(kind, key)
            if found is not None:
                return FoundMessage((found[0], found[1], kind is MemberKind.SKELETON))
        return None

    def read_parts(
        self, message: FoundMessage, parts: list[PartRow], wanted: list[PartRow], limit: int
    ) -> dict[str, PartContent]:
        """The content of the `wanted` ones of a message's `parts`, by their paths; at most `limit` bytes of each.

        Raises `ArchiveError` where the archive is damaged.
        """
        pack, place, is_skeleton = message
        path = self._path(pack)
        if not is_skeleton and (whole := self._packs.read_at_once(path, place)) is not None:
            return {
                part.path: _decoded(part, whole[part.start : part.body_start], whole[part.body_start : part.end], limit)
                for part in wanted
            }
        return self._streamed(self._packs.read(path, place), is_skeleton, parts, wanted, limit)

    def _streamed(
        self, pieces: Iterable[bytes], is_skeleton: bool, parts: list[PartRow], wanted: list[PartRow], limit: int
    ) -> dict[str, PartContent]:
        raw_limit = int(limit * _ENCODED) + (1 << 16)
        headers = {part.path: bytearray() for part in wanted}
        bodies = {part.path: bytearray() for part in wanted}
        taken_out: dict[str, Placeholder] = {}
        by_body = {part.body_start: part for part in parts if not part.is_container}
        last = max((part.end for part in wanted), default=0)
        offset = 0
        for item in _items(pieces) if is_skeleton else pieces:
            if isinstance(item, Placeholder):
                stripped = by_body.get(offset)
                if stripped is None:
                    raise ArchiveError("a placeholder of a stripped message stands where the index has no part")
                if stripped.path in bodies:
                    taken_out[stripped.path] = item
                offset = stripped.end
            else:
                for part in wanted:
                    if part.start < offset + len(item) and part.end > offset:
                        header = headers[part.path]
                        header += item[max(0, part.start - offset) : max(0, part.body_start - offset)]
                        body = bodies[part.path]
                        if len(body) < raw_limit:
                            start = max(0, part.body_start - offset)
                            body += item[start : min(max(0, part.end - offset), start + raw_limit - len(body))]
                offset += len(item)
            if offset >= last:
                break
        found = {}
        for part in wanted:
            placeholder = taken_out.get(part.path)
            header_block = bytes(headers[part.path])
            if placeholder is None:
                found[part.path] = _decoded(part, header_block, bytes(bodies[part.path]), limit)
            else:
                content = self.read_blob(placeholder.sha256, limit)
                found[part.path] = PartContent((content, header_block, placeholder.size > len(content)))
        return found

    def read_blob(self, digest: str, limit: int) -> bytes:
        """At most `limit` bytes of a blob, from its beginning. Raises `ArchiveError`."""
        found = self._lookup.find(MemberKind.BLOB, bytes.fromhex(digest))
        if found is None:
            raise ArchiveError(f"{self._root} has no blob {digest}")
        return self.read_place(found[0], found[1], limit)

    def _path(self, pack: str) -> Path:
        path = self._paths.get(pack)
        if path is None:
            path = self._paths[pack] = self._root / pack
        return path

    def read_place(self, pack: str, place: Place, limit: int) -> bytes:
        """At most `limit` bytes of the member at a place. Raises `ArchiveError`."""
        kept: list[bytes] = []
        size = 0
        for piece in self._packs.read(self._path(pack), place):
            kept.append(piece)
            size += len(piece)
            if size >= limit:
                break
        return b"".join(kept)[:limit]


class PartContent(tuple[bytes, bytes, bool]):
    """The decoded content of a part, its header block, and whether there is more content."""

    __slots__ = ()


def _items(pieces: Iterable[bytes]) -> Iterator[bytes | Placeholder]:
    reader = SkeletonReader()
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.close()


def _decoded(part: PartRow, header: bytes, body: bytes, limit: int) -> PartContent:
    if part.is_opaque or part.encoding in IDENTITY_ENCODINGS:
        if len(body) <= limit and len(body) == part.end - part.body_start:
            return PartContent((body, header, False))
        content = body
    else:
        decoder = decoder_for(part.encoding)
        content = decoder.feed(body) + decoder.close()
    is_cut = len(content) > limit or len(body) < part.end - part.body_start
    return PartContent((content[:limit], header, is_cut))
