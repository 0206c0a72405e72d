"""The targets: each takes any bytes, and raises where a promise is broken.

A target is a function of bytes and of nothing else, so that an input that was found can be tried again, and kept as a
test (`tests/fuzz`).
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator

import mailstrata
from fuzz.pieces import cut, decoded, take
from mailstrata.errors import MailstrataError, SourceError
from mailstrata.message.addresses import parse_addresses
from mailstrata.message.charsets import TextDecoder, decode
from mailstrata.message.dates import parse_date
from mailstrata.message.encoded_words import decode_text
from mailstrata.message.flowed import unflow
from mailstrata.message.ids import parse_message_ids
from mailstrata.message.parameters import parse_parameters
from mailstrata.parser.entity import Entity
from mailstrata.parser.events import EntityBegin, Event, Span
from mailstrata.parser.limits import Limits
from mailstrata.parser.machine import Parser
from mailstrata.transfer import KNOWN_ENCODINGS, decoder_for
from mailstrata.transfer.mbox import MboxQuoter, MboxUnquoter

_LABELS = (
    None,
    "utf-8",
    "utf-7",
    "utf-16",
    "utf-32",
    "iso-2022-jp",
    "iso-2022-kr",
    "gb2312",
    "hz-gb-2312",
    "big5",
    "shift_jis",
    "us-ascii",
    "iso-8859-1",
    "x-unknown",
    "koi8-r",
    "euc-kr",
)
_LIMITS = (
    None,
    Limits(depth=2),
    Limits(parts=3),
    Limits(header_bytes=64),
    Limits(delimiter_line_bytes=76),
    Limits(message_bytes=100),
    Limits(defects=2),
    Limits(feed_events=1),
)


def parser(data: bytes) -> None:
    """The events tile the input, do not depend on how it is cut, and defects stay within the input and their limit."""
    choice, data = take(data)
    cutting, data = take(data)
    limits = _LIMITS[choice // 2 % len(_LIMITS)]
    mode = "mbox" if choice % 2 else "message"
    whole = _parsed(Parser(mode, limits=limits), [data])  # type: ignore[arg-type]
    assert _parsed(Parser(mode, limits=limits), cut(data, cutting)) == whole, "the split matters"  # type: ignore[arg-type]
    joined = b"".join(row[-1] for row in whole if isinstance(row[-1], bytes))
    assert joined == data, "the spans do not tile the input"


def _parsed(machine: Parser, pieces: object) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    entities: list[Entity] = []

    def note(event: Event) -> None:
        if isinstance(event, Span):
            path = event.entity.path if event.entity else ""
            if rows and rows[-1][:2] == (event.kind, path):
                rows[-1] = (event.kind, path, rows[-1][2] + event.data)  # type: ignore[operator]
            else:
                rows.append((event.kind, path, event.data))
        else:
            if isinstance(event, EntityBegin):
                entities.append(event.entity)
            rows.append((type(event).__name__, event.entity.path, event.entity.start))

    size = 0
    for piece in pieces:  # type: ignore[attr-defined]
        size += len(piece)
        for event in machine.feed(piece):
            note(event)
    for event in machine.close():
        note(event)
    for entity in entities:
        assert entity.start <= entity.body_start <= entity.end <= size
        for defect in entity.defects:
            assert 0 <= defect.start <= defect.end <= size
        defects = tuple((defect.code, defect.start, defect.end) for defect in entity.defects)
        rows.append((entity.path, entity.content_type, entity.encoding, entity.boundary, entity.opaque, defects))
    return rows


def reader(data: bytes) -> None:
    """Everything can be asked of every message and part; text is text, and a safe name is safe."""
    choice, data = take(data)
    for message in mailstrata.open(data, limits=_LIMITS[choice % len(_LIMITS)]):
        for part in message.parts():
            if part.content_type.startswith("text/"):
                part.text().encode()
            else:
                for _ in part:
                    pass
            name = mailstrata.safe_name(part)
            assert name not in ("", ".", "..")
            assert not set(name) & set("/\\\0\n\r")
            assert len(name.encode()) <= 255
            json.dumps([part.filename, part.charset, part.disposition, part.content_id]).encode()
            for defect in part.defects:
                assert defect.start <= defect.end
        said = json.dumps(mailstrata.message_as_json(message, []), ensure_ascii=False)
        assert "\n" not in said
        said.encode()


def transfer(data: bytes) -> None:
    """Each decoder gives the same content and defects, however its body is cut."""
    choice, data = take(data)
    cutting, data = take(data)
    names = sorted(KNOWN_ENCODINGS)
    name = names[choice % len(names)]
    whole = decoded(lambda: decoder_for(name), iter([data]))
    assert decoded(lambda: decoder_for(name), cut(data, cutting)) == whole, "the split matters"
    # Lines of uuencode declare up to 45 bytes and may hold fewer characters.
    assert len(whole[0]) <= 45 * len(data) + 1


def quoting(data: bytes) -> None:
    """A message comes back as it was, whatever in it looked quoted."""
    choice, data = take(data)
    cutting, data = take(data)
    variant = ("mboxrd", "mboxo")[choice % 2]
    unquoter = MboxUnquoter(variant)
    message = b"".join([unquoter.feed(piece) for piece in cut(data, cutting)]) + unquoter.flush()
    quoter = MboxQuoter(variant, unquoter.unquoted_lines, unquoter.quoting_end)
    again = b"".join([quoter.feed(piece) for piece in cut(message, cutting)]) + quoter.flush()
    assert again == data, "quoting does not give the message back"


def fields(data: bytes) -> None:
    """Header values are text on one line, whatever they are."""
    texts = [decode_text(data)]
    for address in parse_addresses(data):
        texts += [address.name, address.address]
    main, parameters = parse_parameters(data)
    texts += [main, *parameters, *parameters.values(), *parse_message_ids(data)]
    for text in texts:
        text.encode()
        assert not set(text) & set("\r\n\0"), "a value has a line break or NUL"
    date = parse_date(data)
    assert date is None or date.tzinfo is not None


def text(data: bytes) -> None:
    """Text does not depend on how it is cut, and has no surrogates; flowed text can be unflowed."""
    choice, data = take(data)
    cutting, data = take(data)
    label = _LABELS[choice % len(_LABELS)]
    whole = decode(data, label)
    whole.encode()
    decoder = TextDecoder(label)
    pieces = "".join([decoder.feed(piece) for piece in cut(data, cutting)]) + decoder.close()
    assert pieces == whole, "the split matters"
    unflow(whole, bool(choice & 16)).encode()


class _Blob:
    """A blob that lies in memory."""

    def __init__(self) -> None:
        self._content = io.BytesIO()

    def write(self, data: bytes) -> object:
        return self._content.write(data)

    def read(self) -> Iterator[bytes]:
        yield self._content.getvalue()

    def discard(self) -> None:
        self._content = io.BytesIO()


def stripping(data: bytes) -> None:
    """A message that was stripped comes back, byte for byte."""
    choice, data = take(data)
    cutting, data = take(data)
    policy = mailstrata.StripPolicy(minimum_bytes=(0, 1, 20, 100)[choice % 4], attachments_only=bool(choice & 4))
    skeleton: list[bytes] = []
    blobs: dict[str, bytes] = {}

    def keep(part: mailstrata.StrippedPart[_Blob]) -> None:
        blobs[part.sha256] = b"".join(part.blob.read())

    result = mailstrata.strip_message(cut(data, cutting), skeleton.append, _Blob, keep, policy=policy)
    if result.is_changed:
        again = b"".join(mailstrata.unstrip_message(iter(skeleton), lambda sha256: [blobs[sha256]]))
    else:
        again = b"".join(skeleton)
    assert again == data, "unstrip does not give the message back"


def unstripping(data: bytes) -> None:
    """A skeleton that nobody made gives one error and no other."""
    try:
        for piece in mailstrata.unstrip_message([data], lambda _: [b"content"]):
            assert isinstance(piece, bytes)
    except MailstrataError:
        pass


def sources(data: bytes) -> None:
    """Whatever a file is, it is read, or there is one error that says what is wrong with it."""
    choice, data = take(data)
    if choice % 4 == 1:
        data = _zipped(data)
    elif choice % 4 == 2:
        data = _tarred(data)
    if choice & 4 and len(data) > 8:
        # One byte of it is another one.
        place = choice * 7919 % len(data)
        data = data[:place] + bytes([data[place] ^ 1 << choice % 8]) + data[place + 1 :]
    try:
        for message in mailstrata.open(io.BytesIO(data)):
            for part in message.parts():
                for _ in part:
                    pass
    except SourceError as error:
        if "\n" in str(error):
            raise


def _zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.eml", data[:100])
        archive.writestr("b.mbox", data[100:])
    return file.getvalue()


def _tarred(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in (("a.eml", data[:100]), ("b.mbox", data[100:])):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parser": parser,
    "reader": reader,
    "transfer": transfer,
    "quoting": quoting,
    "fields": fields,
    "text": text,
    "stripping": stripping,
    "unstripping": unstripping,
    "sources": sources,
}
"""By name."""
