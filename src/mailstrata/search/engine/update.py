"""Bringing the search index up to date with the last commit of an archive.

Texts are made first (`search.texts`), a file of them at a time, and each file is indexed when it is durable; every so
many messages the full-text index commits, and `state.json` says so. A run that is killed leaves at worst a commit of
which the state does not know: the next one looks up each message before it adds it, until the state knows again.
Messages do not leave the full-text index one by one, since it keeps the words of what is deleted until it happens to
merge: when the archive has replaced files of its index (erase, compact, repair) it is made anew of the texts, in
another folder, and the old one removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailstrata.archive.folder.lock import WriterLock
from mailstrata.archive.reading.reader import Archive
from mailstrata.errors import ArchiveError
from mailstrata.index.files import writing
from mailstrata.search.engine.documents import Documents
from mailstrata.search.engine.place import Place
from mailstrata.search.engine.state import State, read_state, write_state
from mailstrata.search.engine.tables import Tables
from mailstrata.search.texts.forgetting import ReplacedFiles, forget_texts, merge_texts
from mailstrata.search.texts.reader import read_texts, texts_files
from mailstrata.search.texts.update import TextsUpdate
from mailstrata.search.words.index import WordsIndex, WordsWriter
from mailstrata.search.words.package import load_tantivy
from mailstrata.search.words.schema import key_of

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 100_000
"""Messages of which header fields and parts are joined at a time, unless a file of the index has more; the full-text
index commits after so many."""

_TEXTS_BYTES_AT_ONCE = 1 << 30


@dataclass(slots=True)
class UpdateReport:
    """What an update did: messages and attachments whose words were added, and whether it began from nothing."""

    messages: int = 0
    attachments: int = 0
    is_new: bool = False


Progress = Callable[[int, int, int, int], None]
"""Called with how many messages were added and how many there are to be, and with the bytes of both."""

_TELL_EVERY = 500


def update(path: Path, *, rebuild: bool = False, progress: Progress | None = None) -> UpdateReport:
    """Bring the search index of an archive up to date, or make it from nothing.

    Raises `LockedError` where another process does so, `UsageError` where a package of the extra `search` is missing,
    `ArchiveError` where the archive cannot be read, `TargetError` where the index cannot be written.
    """
    load_tantivy()
    place = Place(path)
    with Archive.open(path) as archive:
        with writing(place.folder):
            place.folder.mkdir(exist_ok=True)
        lock = WriterLock(place.lock)
        lock.acquire()
        try:
            return _Update(archive, place, progress).run(rebuild=rebuild)
        finally:
            lock.release()


def is_current(archive: Archive, state: State) -> bool:
    """Whether the index covers what the archive has, and nothing else."""
    return (
        bool(state.words)
        and not state.is_unfinished
        and state.message_files == {path.name for path in archive.index_files("messages")}
    )


class _Update:
    def __init__(self, archive: Archive, place: Place, progress: Progress | None) -> None:
        self._archive = archive
        self._place = place
        self._progress = progress
        self._state = State()
        self._known: _Known | None = None
        self._report = UpdateReport()
        self._all_messages = 0
        self._bytes = 0

    def run(self, *, rebuild: bool) -> UpdateReport:
        if rebuild:
            self._remove_all()
        self._state = read_state(self._place.state)
        files = self._archive.index_files("messages")
        names = {path.name for path in files}
        if self._state.words and not self._state.message_files <= names:
            # The archive has replaced files of its index (erase, compact, repair): messages may have gone, and rows may
            # be others.
            forget_texts(self._archive)
            self._begin()
        on_disk = {path.name for path in texts_files(self._archive.path)}
        if not self._state.words or not self._state.texts_files <= on_disk or not self._words.is_dir():
            # Also where a run was killed while files of texts were replaced: what they held is in others now, and some
            # of it may be gone.
            self._begin()
        new = [path for path in files if path.name not in self._state.message_files]
        left = [path for path in texts_files(self._archive.path) if path.name not in self._state.texts_files]
        if new or left:
            self._index(files, new, left)
        self._tidy()
        return self._report

    @property
    def _words(self) -> Path:
        return self._place.words / self._state.words

    def _save(self, **changes: object) -> None:
        self._state = self._state.changed(**changes)
        write_state(self._place.state, self._state)

    def _remove_all(self) -> None:
        # The state goes first: without it the rest is not looked at.
        with writing(self._place.folder):
            self._place.state.unlink(missing_ok=True)
            for folder in (self._place.words, self._place.folder / "texts"):
                if folder.exists():
                    shutil.rmtree(folder)

    def _begin(self) -> None:
        """Begin a full-text index from nothing, beside the one that there may be."""
        with writing(self._place.words):
            self._place.words.mkdir(exist_ok=True)
            numbers = [int(each.name) for each in self._place.words.iterdir() if each.name.isdigit()]
        self._report.is_new = True
        self._save(
            words=f"{max(numbers, default=0) + 1:06}",
            message_files=frozenset(),
            texts_files=frozenset(),
            is_unfinished=True,
        )
        WordsWriter(self._words, threads=1, memory_bytes=_LEAST_WRITER_BYTES).close()
        self._remove_other_words()

    def _follow(self, replaced: ReplacedFiles, **changes: object) -> None:
        """Files of texts were replaced by others of the same rows."""
        removed = {path.name for path in replaced.removed}
        kept = self._state.texts_files - removed
        if removed <= self._state.texts_files:
            kept |= {path.name for path in replaced.added}
        self._save(texts_files=kept, **changes)

    def _tidy(self) -> None:
        """Merge small files of texts; remove folders of words that do not count, and say that all is done."""
        self._follow(merge_texts(self._archive), is_unfinished=False)
        self._remove_other_words()

    def _remove_other_words(self) -> None:
        with writing(self._place.words):
            for folder in self._place.words.iterdir():
                if folder.name != self._state.words:
                    shutil.rmtree(folder)

    def _index(self, files: Sequence[Path], new: Sequence[Path], left: Sequence[Path]) -> None:
        """Index the texts that were made and not indexed, then those of messages that have none yet."""
        with ExitStack() as opened:
            if left or (self._state.is_unfinished and not self._report.is_new):
                self._known = _Known(self._words)
            if not self._state.is_unfinished:
                self._save(is_unfinished=True)
            rows = {path: _rows(path) for path in files}
            self._all_messages = sum(rows[path] for path in (files if left else new))
            tables = opened.enter_context(Tables(self._archive.path))
            documents = Documents(tables, self._archive.index_files("parts"))
            writer = opened.enter_context(WordsWriter(self._words))
            if left:
                documents.of(files)
                for some in _by_size(left):
                    self._add(writer, documents, some, read_texts(some, ("kind", "sha256", "text")))
                    writer.commit()
                    self._save(texts_files=self._state.texts_files | {path.name for path in some})
                    self._known = _Known(self._words)
            for group in _by_rows(new, rows):
                self._index_group(writer, documents, group)

    def _expected(self) -> tuple[int, int, int]:
        """Messages there are to be, bytes of those that were added, and about how many bytes there are to be."""
        done = self._report.messages
        total = max(self._all_messages, done)
        return total, self._bytes, self._bytes * total // done

    def _index_group(self, writer: WordsWriter, documents: Documents, group: Sequence[Path]) -> None:
        made: set[str] = set()
        for file in TextsUpdate(self._archive, message_files=group).files():
            if not made:
                documents.of(group)
            made.add(file.path.name)
            self._add(writer, documents, file.rows, file.rows.to_batches())
        if made:
            writer.commit()
        self._save(
            message_files=self._state.message_files | {path.name for path in group},
            texts_files=self._state.texts_files | made,
        )

    def _add(
        self,
        writer: WordsWriter,
        documents: Documents,
        texts: pa.Table | Sequence[Path],
        batches: Iterator[pa.RecordBatch] | list[pa.RecordBatch],
    ) -> None:
        known = self._known
        for message in documents.messages(texts):
            if known is None or known.take(message.shown.sha256):
                writer.add_message(message)
                self._report.messages += 1
                self._bytes += message.shown.size
                if self._progress is not None and self._report.messages % _TELL_EVERY == 0:
                    self._progress(self._report.messages, *self._expected())
        for sha256, text in _attachments(batches):
            if known is None or known.take(sha256):
                writer.add_attachment(sha256, text)
                self._report.attachments += 1


class _Known:
    """Tells what is in the full-text index already: after a run that was killed, and where files of texts were being
    replaced when one was, so that two of them hold the same rows."""

    def __init__(self, words: Path) -> None:
        self._index = WordsIndex(words)
        self._taken: set[int] = set()

    def take(self, sha256: str) -> bool:
        """Whether it is not in the index, and was not taken since this was opened either."""
        key = key_of(sha256)
        if key in self._taken or self._index.has(sha256):
            return False
        self._taken.add(key)
        return True


_LEAST_WRITER_BYTES = 16_000_000


def _attachments(batches: Iterator[pa.RecordBatch] | list[pa.RecordBatch]) -> Iterator[tuple[str, str]]:
    """Digest and text of the rows of attachments that have any."""
    import pyarrow.compute as pc  # noqa: PLC0415

    for batch in batches:
        rows = batch.filter(pc.and_(pc.equal(batch["kind"], "attachment"), pc.is_valid(batch["text"])))
        for sha256, text in zip(rows["sha256"], rows["text"], strict=True):
            yield sha256.as_py(), text.as_py()


def _rows(path: Path) -> int:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(
            f"cannot read {path}: {str(error).splitlines()[0]}; mailstrata repair makes the index anew"
        ) from error


def _by_rows(paths: Sequence[Path], rows: dict[Path, int]) -> Iterator[list[Path]]:
    group: list[Path] = []
    for path in paths:
        if group and sum(rows[each] for each in group) + rows[path] > GROUP_ROWS:
            yield group
            group = []
        group.append(path)
    if group:
        yield group


def _by_size(paths: Sequence[Path]) -> Iterator[list[Path]]:
    group: list[Path] = []
    size = 0
    for path in paths:
        group.append(path)
        size += path.stat().st_size
        if size >= _TEXTS_BYTES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group
