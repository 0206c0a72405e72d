"""What is to be read: the messages that have no text yet, and the attachments of these, in a temporary database on
disk.

Found by joining the committed tables with the table *texts*, so that what was interrupted goes on, and memory does not
depend on how much there is.
"""

# ruff: noqa: S608 - SQL is put together of names of ours and of paths that are quoted

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mailstrata.errors import ArchiveError, TargetError
from mailstrata.index.duckdb_names import FileNames, quoted
from mailstrata.search.texts.body_parts import PartRow

if TYPE_CHECKING:
    from mailstrata.archive.reading.reader import Archive

MEMORY_LIMIT = "256MB"
_COLUMNS = ["message", "position", *PartRow._fields]
_NOT_SHOWN = ("text/plain", "text/html")
_NEVER_TEXT = ("text/x-amp-html", "text/watch-html")


class WantedBlob(NamedTuple):
    """Content whose text is to be made: as the first message that brings it describes it, and where it lies (`pack` is
    None where it lies within that message)."""

    sha256: str
    message: str
    path: str
    content_type: str
    sniffed_type: str | None
    filename: str | None
    charset: str | None
    size: int
    pack: str | None
    frame: int | None
    frame_length: int | None
    offset: int | None
    length: int | None


class Plan:
    """The plan of one update. Use it in a `with` statement."""

    def __init__(self, archive: Archive, texts: Sequence[Path], message_files: Sequence[Path] | None) -> None:
        self._archive = archive
        self._texts = texts
        everything = archive.index_files("messages")
        self._message_files = everything if message_files is None else list(message_files)
        self._is_all = set(everything) <= set(self._message_files)
        self.parts_files: list[Path] = archive.index_files("parts")
        self.messages = 0
        """New messages."""
        self._all_new = False
        self._embedded = 0

    def __enter__(self) -> Plan:
        self._scratch = tempfile.TemporaryDirectory(prefix="mailstrata-texts-")
        self._names = FileNames(self._scratch.name)
        try:
            self._session = duckdb.connect(str(Path(self._scratch.name, "plan.duckdb")))
            self._session.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
            self._session.execute("SET threads = 2")
            self._session.execute("SET enable_progress_bar = false")
            with self._told():
                self._make()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        session = getattr(self, "_session", None)
        if session is not None:
            session.close()
        self._scratch.cleanup()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise TargetError(f"no room for temporary files in {self._scratch.name}: {_first_line(error)}") from error
        except duckdb.Error as error:
            raise ArchiveError(
                f"{self._archive.path}: the index cannot be read: {_first_line(error)}; "
                "`mailstrata repair` makes it anew"
            ) from error

    def _make(self) -> None:
        run = self._session.execute
        if not self._message_files:
            return
        known = (
            ""
            if not self._texts
            else (f" ANTI JOIN (SELECT sha256 FROM {self._scan(self._texts)} WHERE kind = 'body') t USING (sha256)")
        )
        messages = self._scan(self._message_files)
        run(f"CREATE TABLE new AS SELECT DISTINCT sha256 AS message FROM {messages}{known}")
        self.messages = self._count("new")
        self._all_new = self._is_all and not self._texts
        if not self.messages:
            return
        self._narrow()
        parts = self._scan(self.parts_files)
        run(f"""
            CREATE TABLE leaves AS
            SELECT message, path, position, content_type, sniffed_type, filename, charset, size, blob, is_attachment,
                is_container
            FROM {parts} SEMI JOIN new USING (message)
            WHERE is_attachment OR content_type NOT IN {_NOT_SHOWN} OR depth > 1
        """)
        # Text within an embedded message is no body; it is kept by itself.
        run("""
            CREATE TABLE attached AS
            SELECT * FROM leaves
            WHERE NOT is_container AND blob IS NOT NULL
                AND (is_attachment OR content_type NOT IN ('text/plain', 'text/html'))
            UNION ALL
            SELECT DISTINCT l.* FROM leaves l
                JOIN leaves e ON l.message = e.message AND starts_with(l.path, e.path || '.')
            WHERE e.is_container AND e.content_type NOT LIKE 'multipart/%'
                AND NOT l.is_container AND l.blob IS NOT NULL AND NOT l.is_attachment
                AND l.content_type IN ('text/plain', 'text/html')
        """)
        known = (
            ""
            if not self._texts
            else (
                f" ANTI JOIN (SELECT sha256 AS blob FROM {self._scan(self._texts)} WHERE kind = 'attachment') t"
                " USING (blob)"
            )
        )
        columns = 'sha256, pack, frame, frame_length, "offset", length'
        blobs = self._archive.index_files("blobs")
        source = f"{self._scan(blobs)} WHERE pack IS NOT NULL" if blobs else "no_blobs"
        run(f"CREATE TABLE no_blobs ({columns.replace(',', ' VARCHAR,')} VARCHAR)")
        places = f"(SELECT {columns} FROM {source})"
        run(f"""
            CREATE TABLE wanted AS
            WITH first AS (
                SELECT blob, arg_min({{'message': message, 'path': path, 'content_type': content_type,
                    'sniffed_type': sniffed_type, 'filename': filename, 'charset': charset, 'size': size}},
                    message || lpad(position::VARCHAR, 9, '0')) AS part
                FROM attached WHERE content_type NOT IN {_NEVER_TEXT} GROUP BY blob
            )
            SELECT first.blob AS sha256, part.message, part.path, part.content_type, part.sniffed_type, part.filename,
                part.charset, part.size, p.place.pack, p.place.frame, p.place.frame_length, p.place."offset",
                p.place.length
            FROM (SELECT * FROM first{known}) first
            LEFT JOIN (SELECT sha256, arg_min({{'pack': pack, 'frame': frame, 'frame_length': frame_length,
                'offset': "offset", 'length': length}}, pack) AS place FROM {places} GROUP BY sha256) p
                ON p.sha256 = first.blob
        """)
        run("DROP TABLE leaves")
        run("DROP TABLE attached")
        self._embedded = self._count("wanted WHERE pack IS NULL")

    def _narrow(self) -> None:
        """Where all new messages have their parts in the files that came with theirs, the others are not looked at."""
        stems = {path.stem for path in self._message_files}
        beside = [path for path in self.parts_files if path.stem in stems or path.stem.rpartition("-")[0] in stems]
        if self._is_all or not beside or len(beside) == len(self.parts_files):
            return
        if (
            self._count(f"(SELECT DISTINCT message FROM {self._scan(beside)} SEMI JOIN new USING (message))")
            == self.messages
        ):
            self.parts_files = beside

    def _count(self, what: str) -> int:
        # All rows are fetched: DuckDB takes no other query before.
        return int(self._session.execute(f"SELECT count(*) FROM {what}").fetchall()[0][0])

    def _scan(self, paths: Sequence[Path]) -> str:
        names = [quoted(self._names.name(path)) for path in paths]
        return f"read_parquet([{', '.join(names)}], union_by_name = true)"

    # What the update asks ------------------------------------------------------------------------------------

    def new_parts(self) -> Iterator[pa.Table]:
        """The rows of *parts* of the new messages, about a row group at a time, sorted by message and position; all
        parts of a message come together."""
        if not self.messages:
            return
        held: pa.Table | None = None
        for path in self.parts_files:
            for whole in self._groups(path):
                group = self._of_new(whole)
                if held is not None:
                    # A message may have been under way when a row group was full.
                    split = pc.is_in(held["message"], value_set=group["message"].combine_chunks().unique())
                    if pc.any(split).as_py():
                        group = pa.concat_tables([held.filter(split), group])
                        held = held.filter(pc.invert(split))
                    if held.num_rows:
                        yield _sorted(held)
                held = group
        if held is not None and held.num_rows:
            yield _sorted(held)

    def _groups(self, path: Path) -> Iterator[pa.Table]:
        try:
            with path.open("rb") as file, pq.ParquetFile(file, page_checksum_verification=True) as parquet:
                for group in range(parquet.metadata.num_row_groups):
                    yield parquet.read_row_group(group, columns=_COLUMNS, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise ArchiveError(
                f"cannot read {path}: {_first_line(error)}; `mailstrata repair` makes the index anew"
            ) from error

    def _of_new(self, group: pa.Table) -> pa.Table:
        if self._all_new:
            return group
        self._session.register("asked", pa.table({"message": pc.unique(group["message"])}))
        try:
            rows = self._session.execute("SELECT message FROM new SEMI JOIN asked USING (message)").fetchall()
        finally:
            self._session.unregister("asked")
        return group.filter(pc.is_in(group["message"], value_set=pa.array([row[0] for row in rows], pa.string())))

    def embedded(self, parts: pa.Table) -> dict[str, list[WantedBlob]]:
        """The wanted blobs that lie within the messages of these rows, by message."""
        found: dict[str, list[WantedBlob]] = {}
        if self._embedded:
            self._session.register("asked", pa.table({"message": pc.unique(parts["message"])}))
            try:
                query = "SELECT wanted.* FROM wanted SEMI JOIN asked USING (message) WHERE pack IS NULL"
                for row in self._session.execute(query).fetchall():
                    blob = WantedBlob._make(row)
                    found.setdefault(blob.message, []).append(blob)
            finally:
                self._session.unregister("asked")
        return found

    def gone(self) -> Iterator[tuple[str, str, str]]:
        """File, kind and digest of the rows of texts whose message or blob is in no table of the archive any more."""
        texts = self._scan(self._texts).replace("union_by_name", "filename = true, union_by_name")
        known = []
        for kind, table, column in (("body", "messages", "sha256"), ("attachment", "parts", "blob")):
            files = self._archive.index_files(table)
            if files:
                known.append(f"SELECT DISTINCT '{kind}' AS kind, {column} AS sha256 FROM {self._scan(files)}")
        anti = f" ANTI JOIN ({' UNION ALL '.join(known)}) k USING (kind, sha256)" if known else ""
        with self._told():
            result = self._session.execute(f"SELECT filename, kind, sha256 FROM {texts}{anti} ORDER BY ALL")
            while rows := result.fetchmany(1000):
                yield from rows

    def placed(self) -> Iterator[WantedBlob]:
        """The wanted blobs that lie in packs by themselves, in the order of the packs."""
        if not self.messages:
            return
        with self._told():
            result = self._session.execute('SELECT * FROM wanted WHERE pack IS NOT NULL ORDER BY pack, frame, "offset"')
            while rows := result.fetchmany(1000):
                yield from map(WantedBlob._make, rows)


def gone_texts(archive: Archive, texts: Sequence[Path]) -> dict[Path, dict[str, list[str]]]:
    """Of each file of texts that has rows of what the last commit has not got any more, their digests by kind.

    Raises `ArchiveError` where tables cannot be read.
    """
    found: dict[Path, dict[str, list[str]]] = {}
    if not texts:
        return found
    by_name = {path.name: path for path in texts}
    with Plan(archive, texts, []) as plan:
        for file, kind, digest in plan.gone():
            found.setdefault(by_name[Path(file).name], {}).setdefault(kind, []).append(digest)
    return found


def _sorted(parts: pa.Table) -> pa.Table:
    return parts.sort_by([("message", "ascending"), ("position", "ascending")])


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
