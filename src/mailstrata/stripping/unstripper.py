"""A skeleton and its blobs into the message again, byte for byte."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from mailstrata.errors import StrippedMailError, UsageError
from mailstrata.stripping.placeholder import Placeholder
from mailstrata.stripping.rebuilding import rebuild
from mailstrata.stripping.skeleton import SkeletonReader

ReadBlob = Callable[[str], Iterable[bytes]]
"""Gives the content of a blob for its SHA-256 in lower-case hexadecimal, in pieces of any size."""


class Unstripper:
    """Unstrips one skeleton: `feed` it bytes in pieces of any size, then `close` it; both give the message's bytes.

    `read_blob` is asked for the content of a blob, by its SHA-256 in lower-case hexadecimal, in pieces of any
    size; what it raises passes through. Whether the content has that digest is for `read_blob` to say. Memory is
    bounded by a piece fed, a piece of a blob, 1 MiB of body, and one outer header.

    Only a skeleton is ever to be unstripped: a message that carries someone's placeholder would come out with
    someone's blob in it. Nothing in the bytes tells one from the other, so where they are kept has to.
    """

    __slots__ = ("_body", "_closed", "_queue", "_read_blob", "_reader")

    def __init__(self, read_blob: ReadBlob) -> None:
        self._read_blob = read_blob
        self._reader = SkeletonReader()
        self._queue: deque[bytes | Placeholder] = deque()
        self._body: Iterator[bytes] = iter(())
        self._closed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next bytes of the skeleton; returns the message's bytes that have become certain, made as they are
        taken. What is not taken comes with the next call.

        Raises `StrippedMailError`, here or from the iterator, where a placeholder is malformed or the blob is
        not what it says, and `UsageError` after `close`.
        """
        if self._closed:
            raise UsageError("this unstripper is closed; make a new one for the next skeleton")
        self._queue.extend(self._reader.feed(data))
        return self._run()

    def close(self) -> Iterator[bytes]:
        """The skeleton has ended; returns the last bytes. Raises `StrippedMailError` where it ends within a
        placeholder, and `UsageError` when called again."""
        if self._closed:
            raise UsageError("this unstripper is closed already")
        self._closed = True
        self._queue.extend(self._reader.close())
        return self._run()

    def _run(self) -> Iterator[bytes]:
        queue = self._queue
        while True:
            # Not `yield from`: closing this iterator would close the body, of which the rest is still wanted.
            for piece in self._body:  # noqa: UP028
                yield piece
            if not queue:
                return
            item = queue.popleft()
            if isinstance(item, bytes):
                yield item
            else:
                self._body = rebuild(item.recipe, _sized(item, self._read_blob))


def unstrip_message(chunks: Iterable[bytes], read_blob: ReadBlob) -> Iterator[bytes]:
    """The message again, out of its skeleton, in bounded memory.

    `chunks` is the skeleton in pieces of any size, `read_blob` gives the content of a blob for its SHA-256: see
    `Unstripper`. Raises `StrippedMailError` where a placeholder is malformed or a blob is not what it says.
    """
    unstripper = Unstripper(read_blob)
    for chunk in chunks:
        yield from unstripper.feed(chunk)
    yield from unstripper.close()


def unstripped(items: Iterable[bytes | Placeholder], read_blob: ReadBlob) -> Iterator[bytes]:
    """The message's bytes, of what a skeleton comes to; as `Unstripper`, for who has all of the skeleton at hand."""
    for item in items:
        if isinstance(item, bytes):
            yield item
        else:
            yield from rebuild(item.recipe, _sized(item, read_blob))


def _sized(placeholder: Placeholder, read_blob: ReadBlob) -> Iterator[bytes]:
    """The content of the blob, which must be as long as the placeholder says."""
    size = 0
    for piece in read_blob(placeholder.sha256):
        size += len(piece)
        if size > placeholder.size:
            break
        yield piece
    if size != placeholder.size:
        length = "more" if size > placeholder.size else size
        raise StrippedMailError(
            f"the blob {placeholder.sha256} has {length} bytes instead of the {placeholder.size} that its "
            "placeholder says; it is damaged, or the wrong one"
        )
