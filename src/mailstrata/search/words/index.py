"""The full-text index on disk: opening it, and adding to it.

One writer at a time (tantivy locks the folder; so does the engine, and says who has it), any number of readers. A
reader sees what the last commit before it was opened has. What is not committed is gone when the process is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mailstrata.errors import ArchiveError, TargetError, UsageError
from mailstrata.search.words.folding import words_text
from mailstrata.search.words.package import load_tantivy
from mailstrata.search.words.schema import (
    ATTACHMENT,
    BLOBS,
    DATE,
    HAS_ATTACHMENT,
    KEY,
    KIND,
    MESSAGE,
    MESSAGE_ID,
    RECENCY,
    SHOWN,
    SIZE,
    TYPES,
    key_of,
    make_schema,
    recency_of,
    register_tokenizer,
)
from mailstrata.search.words.shown import Shown, pack_shown, unpack_shown

if TYPE_CHECKING:
    import tantivy

WRITER_BYTES = 200_000_000
"""Memory that a writer takes for what is not on disk yet, all threads together."""

MOST_THREADS = 4

REMEDY = "make it anew with: mailstrata search ARCHIVE --rebuild"


@dataclass(frozen=True, slots=True)
class MessageWords:
    """What is indexed of one message. `texts` are the texts of each field by its name in `schema.TEXT_FIELDS`; `blobs`
    are the SHA-256s (hexadecimal) of its parts, `types` their declared and sniffed types, each once."""

    shown: Shown
    texts: Iterable[tuple[str, Sequence[str | None]]]
    blobs: Sequence[str]
    types: Sequence[str]


class WordsIndex:
    """The index as the last commit left it, to be asked."""

    def __init__(self, folder: Path) -> None:
        """Open the index in a folder. Raises `ArchiveError` where it is damaged or missing."""
        package = load_tantivy()
        with _reading(folder):
            self._index = package.Index.open(str(folder))
            register_tokenizer(self._index)
            self.schema: tantivy.Schema = self._index.schema
            self.searcher: tantivy.Searcher = self._index.searcher()
        self.folder = folder

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn errors of tantivy in the block into `ArchiveError`."""
        with _reading(self.folder):
            yield

    def shown(self, address: tantivy.DocAddress) -> Shown:
        """What a list shows of the message of a hit."""
        with _reading(self.folder):
            packed: Any = self.searcher.doc(address).get_first(SHOWN)
            return unpack_shown(packed)

    def has(self, digest: str) -> bool:
        """Whether there is a document of that SHA-256."""
        return self.searcher.doc_freq(KEY, key_of(digest)) > 0


class WordsWriter:
    """Adds to the index in a folder, which is made where there is none. Use it in a `with` statement."""

    def __init__(self, folder: Path, *, threads: int | None = None, memory_bytes: int = WRITER_BYTES) -> None:
        package = load_tantivy()
        count = min(MOST_THREADS, os.cpu_count() or 1) if threads is None else threads
        self._folder = folder
        self._document = package.Document
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            index = package.Index(make_schema(), path=str(folder))
            register_tokenizer(index)
            self._writer: tantivy.IndexWriter | None = index.writer(memory_bytes, count)

    def __enter__(self) -> WordsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def add_message(self, message: MessageWords) -> None:
        """Add a message, which must not be in the index already."""
        document = self._document()
        document.add_text(KIND, MESSAGE)
        shown = message.shown
        document.add_unsigned(KEY, key_of(shown.sha256))
        document.add_bytes(SHOWN, pack_shown(shown))
        document.add_unsigned(SIZE, shown.size)
        document.add_unsigned(HAS_ATTACHMENT, int(shown.has_attachment))
        document.add_float(RECENCY, recency_of(shown.date))
        if shown.date is not None:
            document.add_integer(DATE, shown.date)
        if shown.message_id is not None:
            document.add_text(MESSAGE_ID, shown.message_id)
        for kind in message.types:
            document.add_text(TYPES, kind)
        for name, texts in message.texts:
            for text in texts:
                if text:
                    document.add_text(name, words_text(text))
        for blob in message.blobs:
            document.add_unsigned(BLOBS, key_of(blob))
        self._add(document)

    def add_attachment(self, sha256: str, text: str) -> None:
        """Add the text of an attachment by its SHA-256; the same condition."""
        document = self._document()
        document.add_text(KIND, ATTACHMENT)
        document.add_unsigned(KEY, key_of(sha256))
        document.add_text("content", words_text(text))
        self._add(document)

    def _add(self, document: tantivy.Document) -> None:
        assert self._writer is not None
        with _writing(self._folder):
            self._writer.add_document(document)

    def commit(self) -> None:
        """Make durable, and visible to who opens the index from now on, what was added."""
        assert self._writer is not None
        with _writing(self._folder):
            self._writer.commit()

    def close(self) -> None:
        """Wait for what merges segments, and let go of the folder; what is not committed is dropped. May be called
        again."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with _writing(self._folder):
                writer.wait_merging_threads()


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        if "max expansions" in str(error):
            raise UsageError(
                "too many different words begin like the last one of a phrase; write more of that word"
            ) from error
        # What tantivy raises of whatever goes wrong on disk.
        raise ArchiveError(f"cannot read the full-text index in {folder}: {_first_line(error)}; {REMEDY}") from error


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        raise TargetError(
            f"cannot write the full-text index in {folder}: {_first_line(error)}; make room there, then {REMEDY}"
        ) from error


def _first_line(error: Exception) -> str:
    return " ".join((str(error).splitlines() or [type(error).__name__])[0].split())[:300]
