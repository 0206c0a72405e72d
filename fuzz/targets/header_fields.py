"""Header fields: any bytes give text that is text, dates that are dates, and file names that stay in their folder."""

from __future__ import annotations

import string
import unicodedata

from fuzz.given import Given
from mailstrata.message.addresses import parse_addresses
from mailstrata.message.dates import parse_date
from mailstrata.message.encoded_words import decode_text, decode_words
from mailstrata.message.headers import Headers
from mailstrata.message.ids import parse_message_ids
from mailstrata.message.json import offset_minutes, utc_text
from mailstrata.message.parameters import parse_parameters
from mailstrata.parser.fields import split_fields
from mailstrata.parser.parameters import split_parameters
from mailstrata.sinks.filenames import MAX_NAME_BYTES, UniqueNames, safe_filename

# Names of parameters are told apart by the letters of ASCII alone (RFC 2045, 5.1).
_CAPITALS = frozenset(string.ascii_uppercase)
_CONTROLS = frozenset(("Cc", "Cs", "Zl", "Zp"))
_REORDERING = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
_SEPARATORS = frozenset('/\\:\0"<>|?*')


def _check_text(text: str) -> None:
    # Lone surrogates have no place in JSON, Parquet or on a terminal.
    text.encode("utf-8")


def _check_name(name: str) -> None:
    assert name
    assert name not in (".", "..")
    assert _SEPARATORS.isdisjoint(name)
    assert _CONTROLS.isdisjoint(map(unicodedata.category, name)), "a control character in a file name"
    assert _REORDERING.isdisjoint(map(unicodedata.bidirectional, name)), "a file name that shows as another one"
    assert len(name.encode("utf-8")) <= MAX_NAME_BYTES
    assert name == name.strip(" ")
    assert not name.endswith(".")


def header_values(data: bytes) -> None:
    """One value, read as each kind of field."""
    value = Given(data).content
    for text in (decode_text(value), decode_words(value)):
        _check_text(text)
        assert "\n" not in text
        assert "\r" not in text
    for address in parse_addresses(value):
        for text in (address.name, address.address, address.local_part, address.domain):
            _check_text(text)
    for message_id in parse_message_ids(value):
        _check_text(message_id)
    date = parse_date(value)
    if date is not None:
        assert date.tzinfo is not None
        _check_text(utc_text(date))
        assert abs(offset_minutes(date)) <= 24 * 60
    split_parameters(value)
    kind, parameters = parse_parameters(value)
    _check_text(kind)
    unique = UniqueNames()
    names = []
    for name, text in parameters.items():
        assert _CAPITALS.isdisjoint(name)
        _check_text(name)
        _check_text(text)
        names.append(safe_filename(text, content_type=kind))
    for name in names:
        _check_name(name)
        assert safe_filename(name) == name, "a safe name is not left as it is"
        _check_name(unique.take(name))
        _check_name(unique.take(name))


def header_blocks(data: bytes) -> None:
    """A header block: its fields stand where they say, and each is found by its name."""
    block = Given(data).content
    headers = Headers(block, 0)
    fields = split_fields(block)
    position = 0
    by_name: dict[str, list[bytes]] = {}
    for field in fields:
        assert position <= field.start < field.end <= len(block)
        assert block[field.start : field.end].startswith(field.name)
        assert block[field.start : field.end].endswith(field.value)
        position = field.end
        by_name.setdefault(field.name.decode("ascii").lower(), []).append(field.value)
    for name, values in by_name.items():
        assert headers.raw_all(name) == values
        _check_text(headers[name] or "")
    assert len(headers) == len(fields)
    assert all(line.isprintable() or "\n" not in line for _, line in headers.items())
