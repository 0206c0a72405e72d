"""Rows to write, and messages to make rows of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from mailstrata.index.inspection.flags import FLAG_COLUMNS
from mailstrata.message.origin import FileInfo, SourceInfo
from mailstrata.message.quoting import EventStream
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.sinks.delivery import Delivery
from mailstrata.sinks.protocol import Checkpoint, FileOutcome, Sink, SourceOutcome

Row = dict[str, Any]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def make_part() -> Callable[..., Row]:
    """A row of `parts`: the n-th part, four to a message, with columns to replace."""

    def make(number: int, **columns: Any) -> Row:
        row: Row = {
            "message": digest(f"message {number // 4}"),
            "position": number % 4,
            "path": "1" if number % 4 == 0 else f"1.{number % 4}",
            "depth": min(1, number % 4),
            "content_type": "text/plain",
            "sniffed_type": "text/plain",
            "declared_type": None,
            "filename": f"file {number}.txt",
            "charset": "utf-8",
            "encoding": "7bit",
            "disposition": None,
            "content_id": None,
            "is_attachment": True,
            "is_container": False,
            "is_opaque": False,
            "start": 0,
            "body_start": 10,
            "end": 30,
            "encoded_size": 20,
            "size": 20,
            "blob": digest(f"blob {number}"),
            "defects": [],
            **dict.fromkeys(FLAG_COLUMNS, False),
        }
        return row | columns

    return make


@pytest.fixture
def make_blob() -> Callable[..., Row]:
    """A row of `blobs`, with columns to replace."""

    def make(number: int, **columns: Any) -> Row:
        row: Row = {
            "sha256": digest(f"blob {number}"),
            "size": number,
            "sniffed_type": None,
            "pack": None,
            "frame": None,
            "frame_length": None,
            "offset": None,
            "length": None,
        }
        return row | columns

    return make


@pytest.fixture(scope="session")
def deliver() -> Callable[..., None]:
    """Hand files to a sink in the order of the contract, from `begin_source` to the commit of the last checkpoint.

    Each file is its bytes, a message or, with `quoting`, an mbox.
    """

    def call(sink: Sink, *files: bytes, quoting: Any = None, limits: Limits | None = None, **info: Any) -> None:
        source = SourceInfo("inbox", b"/mail/inbox", "mbox" if quoting else "eml")
        sink.begin_source(source)
        delivery = Delivery([sink], limits or Limits())
        index = 0
        for number, data in enumerate(files):
            file = FileInfo(**({"name": b"%d" % number, "quoting": quoting} | info))
            sink.begin_file(source, file)
            parser = Parser("mbox" if quoting else "message", limits=limits or Limits())
            stream = EventStream(parser, quoting)
            for _ in delivery.deliver(stream, [data], source, file, index):
                index += 1
                sink.checkpoint(Checkpoint(source, file))
                sink.commit()
            sink.end_file(source, file, FileOutcome(length=len(data)))
        sink.end_source(source, SourceOutcome(messages=index, bytes_read=sum(map(len, files))))
        sink.checkpoint(Checkpoint(final=True))
        sink.commit()

    return call
