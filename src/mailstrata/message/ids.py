"""Message ids, as in Message-ID, In-Reply-To, References and Content-ID (RFC 5322, 3.6.4; RFC 2045, 7)."""

from __future__ import annotations

import re
from functools import cache

from mailstrata.message.charsets import decode
from mailstrata.message.encoded_words import one_line
from mailstrata.parser.fields import unfold
from mailstrata.parser.parameters import comment_end


# One id of printable ASCII.
@cache
def _usual() -> re.Pattern[bytes]:
    return re.compile(rb"\s*+<([!-;=?-~]++)>\s*+")


@cache
def _well_formed() -> re.Pattern[bytes]:
    return re.compile(rb"\s*+(?>(?:<[^<>\s]++>[\s,]*+)+)")


@cache
def _bracketed() -> re.Pattern[bytes]:
    return re.compile(rb"<([^<>\s]++)>")


@cache
def _token() -> re.Pattern[bytes]:
    return re.compile(
        rb"(?P<space>[\s,;]++)"
        rb'|(?P<phrase>"(?>(?:[^"\\]++|\\.)*)")'
        rb"|<++(?:(?P<closed>[^<>]*+)>++|(?P<open>\s*+[^<>\s]*+))"
        rb"|(?P<word>[^\s<(,;]++)"
        rb"|(?P<comment>\()"
        rb"|(?P<stray>.)",
        re.DOTALL,
    )


def parse_message_ids(value: bytes) -> list[str]:
    """The ids of a field value in order, each once, without angle brackets.

    White space inside angle brackets (folding, mostly) is taken out, comments are passed over, and so are the phrases
    of old In-Reply-To fields (`Your message of "Mon..." <id>`). An id whose closing bracket is missing ends at white
    space, and must have an `@`;
    words without brackets are ids where there is nothing else and all of them have an `@`, or there is but one; ids in
    quotes are taken where there are no others. Never raises; linear in the size of the value.
    """
    usual = _usual().fullmatch(value)
    if usual is not None:
        return [usual[1].decode("ascii")]
    if _well_formed().fullmatch(value) is not None:
        return _texts(_bracketed().findall(value))
    value = unfold(value)
    bracketed: list[bytes] = []
    words: list[bytes] = []
    phrases: list[bytes] = []
    comments = True
    position, end = 0, len(value)
    while position < end:
        token = _token().match(value, position)
        assert token is not None  # the last alternative is any byte
        position = token.end()
        kind = token.lastgroup
        if kind == "closed" or (kind == "open" and b"@" in token[kind]):
            bracketed.append(b"".join(token[kind].split()))
        elif kind == "word":
            words.append(token[0])
        elif kind == "phrase":
            phrases.append(token[0])
        elif kind == "comment" and comments:
            after = comment_end(value, token.start())
            comments = after >= 0
            position = after if comments else position
    if not bracketed and not phrases and (len(words) == 1 or all(b"@" in word for word in words)):
        bracketed = [word.rstrip(b">") for word in words]
    return _texts(bracketed or _bracketed().findall(b" ".join(phrases)))


def _texts(ids: list[bytes]) -> list[str]:
    if len(ids) == 1:
        return [one_line(decode(ids[0], None))] if ids[0] else []
    return list(dict.fromkeys(one_line(decode(octets, None)) for octets in ids if octets))
