"""All that mailstrata says of some bytes, to compare two builds of it.

As a program it answers for whichever mailstrata its interpreter imports: each input comes as eight bytes of length and
the bytes, each answer goes out the same way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from typing import IO, Any

import mailstrata
from mailstrata.message.json import message_as_json
from mailstrata.parser import machine
from mailstrata.stripping import StrippedPart
from support.parsing import facts, run
from support.stripping import MemoryBlob, strip

PIECES = (7, 1, 64, 3, 1000)


def everything(data: bytes) -> list[str]:
    """Events, entities and defects of both modes; each message and part, decoded; the skeleton and the recipes."""
    said: list[Any] = [facts(run(data, mode, pieces)) for mode in ("message", "mbox") for pieces in (None, PIECES)]
    for variant in (None, "mboxo", "mboxrd", "mboxcl2"):
        said.extend(_messages(data, variant))
    stripped = strip(data, PIECES)
    assert stripped.unstrip(PIECES) == data
    said += [stripped.skeleton, stripped.blobs, stripped.message, *map(_described, stripped.parts)]
    return [repr(one) for one in said]


def _messages(data: bytes, variant: Any) -> Iterator[Any]:
    try:
        for message in mailstrata.open(data, mbox_variant=variant):
            parts = []
            for part in message.parts():
                parts.append(part)
                yield part.headers.block, list(part.headers.items())
                yield b"".join(part) if len(parts) % 2 else part.text()
                yield mailstrata.safe_name(part)
            yield message_as_json(message, parts)
    except mailstrata.SourceError as error:
        # Bytes that begin like a compressed file.
        yield str(error)


def _described(part: StrippedPart[MemoryBlob]) -> Any:
    return [getattr(part, field.name) for field in fields(part) if field.name != "blob"]


def send(stream: IO[bytes], data: bytes) -> None:
    """Write one input, or one answer."""
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one; None at the end."""
    size = stream.read(8)
    return stream.read(int.from_bytes(size, "big")) if size else None


def serve() -> None:
    """Answer for each input, and first say from where the parser was imported."""
    send(sys.stdout.buffer, str(machine.__file__).encode())
    while (data := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, "\n".join(everything(data)).encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    serve()
