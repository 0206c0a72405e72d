"""An archive of the samples with a search index, and the texts that are in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from support.query_reference import Mail

from mailstrata.search.engine.search import Search
from mailstrata.search.engine.update import update
from mailstrata.search.texts.reader import read_texts, texts_files


@pytest.fixture(scope="session")
def searchable(samples_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it with an index, which tests do not change."""
    archive = tmp_path_factory.mktemp("searchable") / "archive"
    shutil.copytree(samples_archive, archive)
    update(archive)
    return archive


@pytest.fixture(scope="session")
def search(searchable: Path) -> Iterator[Search]:
    """That archive, open."""
    with Search(searchable) as opened:
        yield opened


@pytest.fixture(scope="session")
def texts_of_all(searchable: Path) -> pa.Table:
    """The table of texts."""
    return pa.Table.from_batches(list(read_texts(texts_files(searchable))))


@pytest.fixture(scope="session")
def known(mails: list[Mail], texts_of_all: pa.Table) -> list[Mail]:
    """The messages with the texts that the table has of them, as the docstrings of the nodes say."""
    rows = texts_of_all.to_pylist()
    bodies = {row["sha256"]: row for row in rows if row["kind"] == "body"}
    contents = {row["sha256"]: row["text"] for row in rows if row["kind"] == "attachment"}
    found = []
    for mail in mails:
        body = bodies[mail.sha256]
        blobs = dict.fromkeys(part["blob"] for part in mail.parts if part["blob"])
        found.append(
            Mail(
                mail.message,
                mail.occurrences,
                mail.parts,
                [body[name] for name in ("text", "quoted", "signature") if body[name] is not None],
                [contents[blob] for blob in blobs if contents.get(blob) is not None],
            )
        )
    return found
