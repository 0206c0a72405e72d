"""What the tests of searching share: an archive of the samples, and all that is known of its messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.query_reference import Mail
from support.query_trees import Vocabulary, vocabulary_of

import mailstrata
from mailstrata.archive.reading.reader import Archive
from mailstrata.cli.main import cli

# What the samples have no example of.
EXTRA = {
    "lacking.eml": b"Subject: nothing else\n\nno id, no date, nobody\n",
    "empty.eml": b"X-Nothing: at all\n\n",
    "copies.eml": (
        b'From: Ann Lee <ann.lee@example.org>\nTo: Bob <bob@example.org>\nCc: "Smith, Ann" <ann@example.com>\n'
        b"Bcc: secret@example.net\nDelivered-To: bob@mail.example.org\nList-Id: Developers <dev.lists.example.org>\n"
        b"Keywords: to do, Work/2024\nMessage-ID: <copies@example.org>\nDate: Fri, 31 May 2024 23:30:00 -0200\n"
        b"Subject: copies for all of you\n\nThe copies, as promised.\n"
    ),
}

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def samples_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the samples and a few messages more, which tests do not change."""
    folder = tmp_path_factory.mktemp("search")
    words = [sys.executable, "-m", "samples.generate", "--to", str(folder / "mail")]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    (folder / "mail" / "extra").mkdir()
    for name, content in EXTRA.items():
        (folder / "mail" / "extra" / name).write_bytes(content)
    result = CliRunner().invoke(cli, ["archive", str(folder / "mail"), "--to", str(folder / "archive"), "--quiet"])
    assert result.exit_code == 0, result.stderr
    return folder / "archive"


@pytest.fixture(scope="session")
def mails(samples_archive: Path) -> list[Mail]:
    """All messages of that archive, read one by one."""
    with Archive.open(samples_archive) as archive:
        rows = {
            table: [row for path in archive.index_files(table) for row in pq.ParquetFile(path).read().to_pylist()]
            for table in ("messages", "occurrences", "parts")
        }
        mails = {row["sha256"]: Mail(row) for row in rows["messages"]}
        for row in rows["occurrences"]:
            mails[row["message"]].occurrences.append(row)
        for row in rows["parts"]:
            mails[row["message"]].parts.append(row)
        for digest, mail in mails.items():
            _read_texts(mail, b"".join(archive.read_message(digest)))
    return [mails[digest] for digest in sorted(mails)]


@pytest.fixture(scope="session")
def vocabulary(mails: list[Mail]) -> Vocabulary:
    """What random queries over them are made of."""
    return vocabulary_of(mails)


def _read_texts(mail: Mail, content: bytes) -> None:
    """Text as the library gives it: what is text and no attachment is taken for the body."""
    attached = {part["path"]: part["is_attachment"] for part in mail.parts}
    for message in mailstrata.open(content):
        for part in message.parts():
            if part.content_type.startswith("text/"):
                (mail.contents if attached.get(part.path) else mail.bodies).append(part.text())
