"""Parameters of Content-Type and Content-Disposition as text (RFC 2045, 5.1; RFC 2231; RFC 2183)."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from mailstrata.message.charsets import decode
from mailstrata.message.encoded_words import decode_words, one_line
from mailstrata.parser.parameters import split_parameters


# name*, name*0 or name*0* (RFC 2231, 3 and 4).
@cache
def _extended_name() -> re.Pattern[bytes]:
    return re.compile(rb"([^*]++)(?:\*([0-9]{1,9}))?(\*)?")


def parse_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """The main value and the parameters of a field value, names in lower case.

    How the value is split is said at `split_parameters`. Of two parameters of one name the first wins, and
    `name*` (RFC 2231) wins over `name*0`, `name*1`..., and these over a plain `name`, as in most clients.
    Continuations are joined by number, in whatever order they stand; what is missing among them is left out. Their
    bytes are joined before the charset is undone, which may split a character between two of them. Plain values may
    hold encoded words (RFC 2047): not standard, but written and read by everyone. Every value is one line, without
    surrogates. Never raises; linear in the size of the value.
    """
    main, parameters = _parse_once(value) if len(value) <= _LONGEST_KEPT else _parse(value)
    return main, dict(parameters)


def _parse(value: bytes) -> tuple[str, dict[str, str]]:
    main, raw_parameters = split_parameters(value)
    parameters: dict[str, str] = {}
    extended: dict[str, _Extended] = {}
    for raw_name, raw_value in raw_parameters:
        match = _extended_name().fullmatch(raw_name) if b"*" in raw_name else None
        if match is None:
            parameters.setdefault(_text(raw_name), decode_words(raw_value))
            continue
        base, number, star = match.groups()
        segments = extended.setdefault(_text(base), {})
        segments.setdefault(-1 if number is None else int(number), (raw_value, star is not None))
    for name, segments in extended.items():
        text = _join(segments)
        if text or name not in parameters:
            parameters[name] = text
    return _text(main), parameters


# Mail has few values, and many fields of each; what has a boundary or a file name in it is soon forgotten.
_LONGEST_KEPT = 200
_parse_once = lru_cache(maxsize=1024)(_parse)

_Extended = dict[int, tuple[bytes, bool]]
"""Segments by number, -1 for `name*`: their bytes, and whether they are percent-encoded."""


def _text(name: bytes) -> str:
    return one_line(decode(name, None))


def _join(segments: _Extended) -> str:
    whole = segments.pop(-1, None)
    ordered = [whole] if whole is not None else [segments[number] for number in sorted(segments)]
    if not any(is_encoded for _, is_encoded in ordered):
        # Without any percent-encoding, mailers cut encoded words into segments.
        return decode_words(b"".join(octets for octets, _ in ordered))
    charset = None
    first, is_encoded = ordered[0]
    pieces = first.split(b"'", 2)
    if is_encoded and len(pieces) == 3:
        charset = pieces[0].decode("ascii", "replace")
        ordered[0] = (pieces[2], True)
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - slow to import

    joined = b"".join(unquote_to_bytes(octets) if is_encoded else octets for octets, is_encoded in ordered)
    if charset is None and b"=?" in joined:
        return decode_words(joined)
    return one_line(decode(joined, charset))
