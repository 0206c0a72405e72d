"""Archives in, rows out: what each message and attachment comes to, once each, also when the run was interrupted."""

from __future__ import annotations

import hashlib
from base64 import encodebytes
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.documents import DOCX, ODT, attached, docx_of, multipart, odt_of, pdf_of, zipped

from mailstrata.archive.maintenance.erase import erase
from mailstrata.archive.reading.reader import Archive
from mailstrata.archive.recording.sink import ArchiveSink
from mailstrata.search.texts import files as files_module
from mailstrata.search.texts.forgetting import forget_texts, merge_texts
from mailstrata.search.texts.limits import BODY_BYTES, WorkerLimits
from mailstrata.search.texts.reader import TextsReader, read_texts, texts_files
from mailstrata.search.texts.schema import TEXTS
from mailstrata.search.texts.update import TextsUpdate
from mailstrata.sinks.pipeline import Pipeline
from mailstrata.testing import memory_message

PLAIN = b"Content-Type: text/plain; charset=utf-8\n\n"
HTML = b"Content-Type: text/html; charset=utf-8\n\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def keep(folder: Path, *messages: bytes) -> None:
    """Archive messages, in one commit or more."""
    sources = [memory_message(f"{sha256(message)}.eml", message) for message in messages]
    Pipeline([ArchiveSink(folder)]).run(sources)


def update(folder: Path, **options: Any) -> list[dict[str, Any]]:
    """Bring the table up to date; the new rows."""
    with Archive.open(folder) as archive:
        return [row for file in TextsUpdate(archive, **options).files() for row in file.rows.to_pylist()]


def body_of(tmp_path: Path, message: bytes) -> dict[str, Any]:
    """The row of a message, archived by itself."""
    keep(tmp_path / "archive", message)
    (row,) = [row for row in update(tmp_path / "archive") if row["kind"] == "body"]
    assert row["sha256"] == sha256(message)
    return row


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (b"Subject: x\n\nhello\n", "hello"),
        (b"Content-Type: text/plain; charset=iso-8859-1\n\ngr\xfc\xdfe\n", "grüße"),
        (b"Content-Type: text/plain; format=flowed\n\nsoft \nline\n", "soft line"),
        (HTML + b"<p>one<p>two<script>no</script><div style='display: none'>no</div>", "one\n\ntwo"),
        (multipart("alternative", HTML + b"<b>rich</b>", PLAIN + b"plain"), "plain"),
        (multipart("alternative", PLAIN + b"  \n", HTML + b"<b>rich</b>"), "rich"),
        (multipart("mixed", PLAIN + b"one", HTML + b"<i>two</i>", PLAIN + b"three"), "one\n\ntwo\n\nthree"),
        (multipart("mixed", PLAIN + b"one", attached("a.txt", "text/plain", b"two")), "one"),
        (multipart("mixed", PLAIN + b"one", b"Content-Type: message/rfc822\n\nSubject: y\n\ninner"), "one"),
        (
            b"Content-Transfer-Encoding: base64\n\n" + encodebytes(b"from a blob " * 40),
            "from a blob " * 39 + "from a blob",
        ),
        (b"Content-Type: text/plain\n\na\0b\n", "a\ufffdb"),
    ],
)
def test_the_body_of_a_message(tmp_path: Path, message: bytes, text: str) -> None:
    """Plain before HTML, all that is shown of a mixed one in its order, charsets and format=flowed undone; no
    attachment."""
    row = body_of(tmp_path, message)
    assert (row["text"], row["status"]) == (text, "ok")
    assert row["characters"] == len(text)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"Subject: x\n\n", "empty"),
        (b"Content-Type: image/png\n\nx", "no-text"),
        (multipart("encrypted", b"Content-Type: application/pgp-encrypted\n\nVersion: 1", b"\nx"), "encrypted"),
        (b"\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n", "encrypted"),
        (b"\n" + b"line of text\n" * (BODY_BYTES // 12), "truncated"),
    ],
)
def test_what_a_body_without_all_of_its_text_says(tmp_path: Path, message: bytes, status: str) -> None:
    """The status tells why."""
    row = body_of(tmp_path, message)
    assert row["status"] == status
    assert row["reason"]


def test_history_in_html_is_told_from_what_was_written(tmp_path: Path) -> None:
    """The containers of Gmail, Apple Mail and Outlook; what stands below Gmail's is the writer's again."""
    quoting = b"<div class=gmail_quote>Ann wrote:<blockquote>old</blockquote></div><p>new below"
    row = body_of(tmp_path, HTML + b"<p>new above" + quoting)
    assert (row["text"].split(), row["quoted"].split()) == (["new", "above", "new", "below"], ["Ann", "wrote:", "old"])
    row = body_of(tmp_path / "2", HTML + b"<p>new<blockquote type=cite>old</blockquote>")
    assert (row["text"], row["quoted"]) == ("new", "old")
    row = body_of(tmp_path / "3", HTML + b"<p>new<div><div id=divRplyFwdMsg>From: Ann</div><div>old</div></div><p>end")
    assert (row["text"], row["quoted"].split()) == ("new", ["From:", "Ann", "old", "end"])


INNER = b"Subject: inner\nFrom: bob@example.org\n\nwithin a file\n"
DOCUMENTS: list[tuple[str, str, bytes, str, str | None]] = [
    ("a.pdf", "application/octet-stream", pdf_of("Hello pdf"), "ok", "Hello pdf"),
    ("a.docx", DOCX, docx_of("Hello docx"), "ok", "Hello docx"),
    ("a.odt", ODT, odt_of("Hello odt"), "ok", "Hello odt"),
    ("a.rtf", "application/rtf", b"{\\rtf1\\ansi Hello rtf}", "ok", "Hello rtf"),
    ("a.html", "text/html", b"<html><p>Hello <b>html</b>", "ok", "Hello html"),
    ("a.csv", "text/csv", b"a,b\n1,2\n", "ok", "a,b\n1,2\n"),
    ("a.ics", "text/calendar", b"BEGIN:VCALENDAR\nSUMMARY:Hello\nEND:VCALENDAR\n", "ok", None),
    ("a.eml", "application/octet-stream", b"MIME-Version: 1.0\n" + INNER, "ok", None),
    ("a.png", "image/png", b"\x89PNG\r\n\x1a\n0000", "no-text", None),
    ("a.zip", "application/zip", zipped(("b.zip", zipped(("c.zip", zipped(("d.txt", "deep")))))), "unsupported", None),
    ("b.pdf", "application/pdf", b"%PDF-1.4 nothing", "damaged", None),
    ("b.docx", DOCX, b"PK\3\4nothing", "damaged", None),
    ("c.pdf", "application/pdf", pdf_of("loop", kids=b"2 0 R"), "empty", None),
    ("e.txt", "text/plain", b"", "empty", None),
]


def test_every_kind_of_attachment(tmp_path: Path) -> None:
    """One row for each distinct content, however many messages carry it and whatever they call it."""
    folder = tmp_path / "archive"
    parts = [attached(name, kind, content) for name, kind, content, _, _ in DOCUMENTS]
    keep(folder, multipart("mixed", *parts), multipart("mixed", *parts, subject="again"))
    rows = {row["sha256"]: row for row in update(folder) if row["kind"] == "attachment"}
    assert len(rows) == len(DOCUMENTS)
    for name, _, content, status, text in DOCUMENTS:
        row = rows[sha256(content)]
        assert (name, row["status"]) == (name, status), row
        if text is not None:
            assert row["text"].strip() == text.strip()
        assert (row["quoted"], row["signature"]) == (None, None)
    assert "within a file" in rows[sha256(b"MIME-Version: 1.0\n" + INNER)]["text"]


def test_text_of_an_embedded_message_is_kept_by_itself(tmp_path: Path) -> None:
    """It is no body and no attachment by name; its digest is that of the part."""
    folder = tmp_path / "archive"
    keep(folder, multipart("mixed", PLAIN + b"outer", b"Content-Type: message/rfc822\n\n" + INNER))
    rows = {row["text"].strip(): row["kind"] for row in update(folder)}
    assert rows == {"outer": "body", "within a file": "attachment"}


def test_an_update_does_what_is_new_and_nothing_else(tmp_path: Path) -> None:
    """Also where it gets the files of the new commit only; and what an interrupted run has not written comes again."""
    folder = tmp_path / "archive"
    note = attached("n.txt", "text/plain", b"a note")
    keep(folder, b"\nfirst\n", multipart("mixed", PLAIN + b"second", note))
    assert len(update(folder)) == 3
    assert update(folder) == []
    with Archive.open(folder) as archive:
        before = set(archive.index_files("messages"))
    keep(folder, b"\nthird\n", multipart("mixed", PLAIN + b"fourth", note))
    with Archive.open(folder) as archive:
        new = [path for path in archive.index_files("messages") if path not in before]
    assert sorted(row["text"] for row in update(folder, message_files=new)) == ["fourth", "third"]
    texts_files(folder)[-1].unlink()
    assert sorted(row["text"] for row in update(folder)) == ["fourth", "third"]


def test_a_killed_run_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """A temporary file is cleared away; a closed iterator leaves none, and no folder of the worker."""
    folder = tmp_path / "archive"
    keep(folder, b"\nfirst\n")
    left = files_module.texts_folder(folder) / "00000001-aa.parquet.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert texts_files(folder) == []
    assert len(update(folder)) == 1
    assert not left.exists()


def test_rows_lie_as_the_schema_says_and_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorted, in files and row groups of a bounded size; each text is found by its digest."""
    monkeypatch.setattr(files_module, "FILE_BYTES", 40_000)
    monkeypatch.setattr(files_module, "ROW_GROUP_BYTES", 8_000)
    folder = tmp_path / "archive"
    messages = [b"\nmessage %d %s\n" % (number, b"text " * 200) for number in range(300)]
    keep(folder, *messages)
    monkeypatch.setattr(files_module.RowBuffer, "add", _packing(files_module.RowBuffer.add))
    update(folder)
    files = texts_files(folder)
    assert len(files) > 3
    for path in files:
        with pq.ParquetFile(path) as parquet:
            assert parquet.schema_arrow.equals(TEXTS)
            assert parquet.metadata.num_row_groups > 2
            digests = parquet.read(columns=["sha256"])["sha256"].to_pylist()
        assert digests == sorted(digests)
    assert sum(batch.num_rows for batch in read_texts(files, ["kind"])) == 300
    with TextsReader(folder) as reader:
        wanted = [sha256(message) for message in messages[::50]]
        found = reader.find([*wanted, "00" * 32], kind="body", columns=["sha256", "text"]).to_pylist()
        assert sorted(row["sha256"] for row in found) == sorted(wanted)
        assert reader.find(wanted, kind="attachment").num_rows == 0
        assert reader.find([]).num_rows == 0


def _packing(add: Any) -> Any:
    def packing(self: Any, row: Any) -> bool:
        add(self, row)
        self._pack()
        return bool(self._batch_bytes >= files_module.FILE_BYTES)

    return packing


def test_what_was_erased_leaves_the_table(tmp_path: Path) -> None:
    """The message's row and that of the blob that nobody has any more; one that another message has stays."""
    folder = tmp_path / "archive"
    shared, own = (attached(f"{name}.txt", "text/plain", name.encode()) for name in ("shared", "own"))
    gone = multipart("mixed", PLAIN + b"secret", shared, own)
    keep(folder, gone, multipart("mixed", PLAIN + b"other", shared))
    update(folder)
    with Archive.open(folder) as archive:
        assert forget_texts(archive).removed == []
    erase(folder, [sha256(gone)])
    with Archive.open(folder) as archive:
        replaced = forget_texts(archive)
    assert (replaced.bodies, replaced.attachments) == ([sha256(gone)], [sha256(b"own")])
    left = [row["text"] for batch in read_texts(texts_files(folder)) for row in batch.to_pylist()]
    assert sorted(left) == ["other", "shared"]


def test_many_small_files_become_one(tmp_path: Path) -> None:
    """All rows stay, those that are there twice once."""
    folder = tmp_path / "archive"
    keep(folder, b"\nfirst\n")
    update(folder)
    (first,) = texts_files(folder)
    for number in range(2, 20):
        (first.parent / f"{number:08d}-aa.parquet").write_bytes(first.read_bytes())
    with Archive.open(folder) as archive:
        replaced = merge_texts(archive)
        assert len(replaced.removed) == 19
        assert texts_files(folder) == replaced.added
        assert merge_texts(archive).added == []
    assert [row["text"] for batch in read_texts(replaced.added) for row in batch.to_pylist()] == ["first"]


def test_a_document_that_takes_too_long_costs_its_row(tmp_path: Path) -> None:
    """HTML whose parser takes quadratic time: the body is there all the same, its tags cut out; the next ones are
    read."""
    folder = tmp_path / "archive"
    keep(folder, HTML + b"found" + b"<div>" * 150_000, HTML + b"<p>also")
    rows = {row["status"]: row for row in update(folder, limits=WorkerLimits(html_seconds=1))}
    assert rows["timeout"]["text"].split() == ["found"]
    assert rows["ok"]["text"] == "also"
