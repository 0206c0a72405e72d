"""From the raw values of header fields to the values of columns.

Text is bounded, so that no message can make a row larger than a small multiple of its header block: header
values to `TEXT_LIMIT` characters, names and ids to `NAME_LIMIT`, lists to `LIST_LIMIT` entries. What is
longer is cut; ids are cut everywhere alike, so that they still join. Values may be shared between rows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from mailstrata.message.addresses import parse_mailboxes
from mailstrata.message.encoded_words import decode_text
from mailstrata.message.field_values import DELIVERED_TO, FROM, KEYWORDS, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailstrata.message.addresses import Mailbox
    from mailstrata.message.field_values import FieldValues

TEXT_LIMIT = 65_536
"""Characters of a header value that are kept."""

NAME_LIMIT = 1_024
"""Characters of an id, an address, a file name or another short value that are kept."""

LIST_LIMIT = 10_000
"""Entries of a list (addresses, references, defects) that are kept."""

NOTHING: list[Any] = []
"""The value of a list column where there is nothing; shared, and not to be changed."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LAST_IN_ANGLES = re.compile(r"<([^<>]*)>[^<>]*\Z")
_LABEL = re.compile(r'"([^"]*)"|([^",]+)')
_KEYWORD = re.compile(r"[\s;(].*", re.DOTALL)


def text(value: str | None, limit: int = TEXT_LIMIT) -> str | None:
    """A text as a table can hold it: at most `limit` characters, U+FFFD for surrogates."""
    if value is None:
        return None
    if len(value) > limit:
        value = value[:limit]
    if not value.isascii() and _SURROGATE.search(value) is not None:
        value = _SURROGATE.sub("\ufffd", value)
    return value


def texts(values: Iterable[str]) -> list[str]:
    return [text(value, NAME_LIMIT) or "" for value in islice(values, LIST_LIMIT)]


def field_text(value: bytes) -> str | None:
    return _kept_text(value) if len(value) <= _LONGEST_KEPT else text_of(value)


def text_of(value: bytes) -> str | None:
    return text(decode_text(value))


def mailbox_structs(value: bytes | None, fields: FieldValues, field: int) -> list[dict[str, str]]:
    """The mailboxes of all fields of a name, of which `value` is the first."""
    if value is None:
        return NOTHING
    if fields.repeated and field in fields.repeated:
        return _structs(_all_mailboxes(fields.repeated[field]))
    return _kept_mailboxes(value) if len(value) <= _LONGEST_KEPT else _mailboxes_of(value)


def _all_mailboxes(values: list[bytes]) -> list[Mailbox]:
    return [mailbox for value in values for mailbox in parse_mailboxes(value)]


def _mailboxes_of(value: bytes) -> list[dict[str, str]]:
    return _structs(parse_mailboxes(value))


_Authors = tuple[list[dict[str, str]], str | None, str | None]
_NO_AUTHORS: _Authors = (NOTHING, None, None)


def authors(value: bytes | None, fields: FieldValues) -> _Authors:
    """The mailboxes of From, the first author's address, and its domain."""
    if value is None:
        return _NO_AUTHORS
    if fields.repeated and FROM in fields.repeated:
        return _authors_among(_all_mailboxes(fields.repeated[FROM]))
    return _kept_authors(value) if len(value) <= _LONGEST_KEPT else _authors_of(value)


def _authors_of(value: bytes) -> _Authors:
    return _authors_among(parse_mailboxes(value))


def _authors_among(mailboxes: list[Mailbox]) -> _Authors:
    first = None
    for _, address in mailboxes:
        if address:
            first = address.lower()
            break
    return _structs(mailboxes), text(first, NAME_LIMIT), _domain(first)


def delivered_to_addresses(value: bytes, fields: FieldValues) -> list[str]:
    if fields.repeated and DELIVERED_TO in fields.repeated:
        return _lower_addresses(_all_mailboxes(fields.repeated[DELIVERED_TO]))
    return _kept_delivered_to(value) if len(value) <= _LONGEST_KEPT else _delivered_to_of(value)


def _delivered_to_of(value: bytes) -> list[str]:
    return _lower_addresses(parse_mailboxes(value))


def _lower_addresses(mailboxes: list[Mailbox]) -> list[str]:
    return texts([address.lower() for _, address in mailboxes if address])


# The same people write to the same people, through the same lists.
_LONGEST_KEPT = 200
_kept_text = lru_cache(maxsize=4096)(text_of)
_kept_mailboxes = lru_cache(maxsize=4096)(_mailboxes_of)
_kept_authors = lru_cache(maxsize=4096)(_authors_of)
_kept_delivered_to = lru_cache(maxsize=256)(_delivered_to_of)


def _structs(mailboxes: list[Mailbox]) -> list[dict[str, str]]:
    return [
        {"name": text(name, NAME_LIMIT) or "", "address": text(address, NAME_LIMIT) or ""}
        for name, address in mailboxes[:LIST_LIMIT]
    ]


def _domain(address: str | None) -> str | None:
    if address is None or "@" not in address:
        return None
    return text(address.rpartition("@")[2], NAME_LIMIT) or None


def list_identifier(value: bytes) -> str | None:
    return _kept_list_id(value) if len(value) <= _LONGEST_KEPT else _list_id_of(value)


def _list_id_of(value: bytes) -> str | None:
    decoded = decode_text(value)
    match = _LAST_IN_ANGLES.search(decoded)
    found = decoded if match is None else match[1]
    return text(found.strip().lower(), NAME_LIMIT) or None


_kept_list_id = lru_cache(maxsize=256)(_list_id_of)


def label_texts(fields: FieldValues) -> list[str]:
    decoded = [decode_text(value) for value in (*fields.all(LABELS), *fields.all(KEYWORDS))]
    found = (quoted or bare.strip() for each in decoded for quoted, bare in _LABEL.findall(each[:TEXT_LIMIT]))
    return texts(label for label in found if label)


def mailer_text(user_agent: bytes | None, mailer: bytes | None) -> str | None:
    return (_program(user_agent) if user_agent else None) or (None if mailer is None else _program(mailer))


def _program(value: bytes) -> str | None:
    return text(field_text(value) if len(value) <= _LONGEST_KEPT else decode_text(value), NAME_LIMIT)


def keyword_text(value: bytes) -> str | None:
    return text(_KEYWORD.sub("", decode_text(value).strip()).lower(), NAME_LIMIT) or None
