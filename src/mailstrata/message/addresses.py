"""Mailboxes of address fields such as From, To and Cc (RFC 5322, 3.4 and 4.4; RFC 6532)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from mailstrata.message.charsets import decode
from mailstrata.message.encoded_words import decode_words, one_line
from mailstrata.parser.fields import unfold
from mailstrata.parser.parameters import comment_end


@cache
def _needs_quotes() -> re.Pattern[str]:
    return re.compile(r'[()<>\[\]:;@\\,."]')


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. `name` is the decoded display name, empty where there is none; `address` is the addr-spec as it
    stands (quotes of a quoted local part included), empty where the field has only a name."""

    name: str
    address: str

    @property
    def local_part(self) -> str:
        """What stands before the last `@`; the whole address where there is none."""
        local_part, at, _ = self.address.rpartition("@")
        return local_part if at else self.address

    @property
    def domain(self) -> str:
        """What stands after the last `@`; empty where there is none."""
        return self.address.rpartition("@")[2] if "@" in self.address else ""

    def __str__(self) -> str:
        """As in a message: `name <address>`, the name in quotes where it needs them."""
        if not self.name:
            return self.address
        name = self.name
        if _needs_quotes().search(name) is not None:
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            name = f'"{escaped}"'
        return f"{name} <{self.address}>" if self.address else name


Mailbox = tuple[str, str]
"""Name and address, as those of an `Address`."""

# One mailbox of the usual shapes, with what separates it from the one before.
_SPECIALS = r'\x00-\x20<>"(),:;@\[\]\\'
_USUAL_SHAPES = (
    r"[\s,;]*+(?:"
    r'(?:"([^"\\]*+)"|([^<>"(),:;@\[\]\\]*+))\s*+<([^' + _SPECIALS + r"]++@[^" + _SPECIALS + r"]++)>"
    r"|((?!=\?)[^" + _SPECIALS + r"]++@[^" + _SPECIALS + r"]++)"
    r")\s*+(?=[,;]|\Z)"
)


@cache
def _usual() -> re.Pattern[bytes]:
    return re.compile(_USUAL_SHAPES.encode("ascii"))


@cache
def _usual_plain() -> re.Pattern[str]:
    return re.compile(_USUAL_SHAPES, re.ASCII)


# Encoded words come first: the commas and brackets in them are text. Every alternative takes a backslash and what
# follows it together, so that at most one quote can turn out not to be closed.
@cache
def _token() -> re.Pattern[bytes]:
    return re.compile(
        rb"(?P<space>\s++)"
        rb"|(?P<encoded>=\?[^?\s]{1,128}+\?[bBqQ]\?[^?]*+\?=)"
        rb'|(?P<quoted>"(?>(?:[^"\\]++|\\.)*)")'
        rb'|<++(?P<closed>(?>(?:[^<>"\\]++|\\.|"(?>(?:[^"\\]++|\\.)*)")*))>++'
        rb"|<++\s*+(?P<open>[^\s,;<>]*+)"
        rb"|(?P<literal>\[[^\[\]\\]*+\])"
        rb"|(?P<separator>[,;][\s,;]*+)"
        rb"|(?P<colon>:++)"
        rb"|(?P<comment>\()"
        rb"|(?P<joint>[@.])"
        rb'|(?P<atom>(?>(?:[^\s,;:<>()@\[\]"\\.]|\\.|\.(?!\s))+)|.)',
        re.DOTALL,
    )


@cache
def _quoted_pair() -> re.Pattern[bytes]:
    return re.compile(rb"\\(.)", re.DOTALL)


@cache
def _route() -> re.Pattern[bytes]:
    return re.compile(rb"(?>(?:\s*+,?\s*+@[^,:@<>]*+)+):")


# Mail systems have put the empty group into brackets, and added a domain: <undisclosed-recipients:;@host.example>.
@cache
def _empty_group() -> re.Pattern[bytes]:
    return re.compile(rb"[^@:\"]*+:\s*+(?:@[^;]*+)?;")


@cache
def _outside_quotes() -> re.Pattern[bytes]:
    return re.compile(rb'("(?>(?:[^"\\]++|\\.)*)"|(?>(?:\\.)+))|\s++', re.DOTALL)


@cache
def _user_at_host() -> re.Pattern[bytes]:
    return re.compile(rb"(\S+) +at +(\S+)", re.IGNORECASE)


def parse_addresses(value: bytes) -> list[Address]:
    """The mailboxes of an address field in order, group members included (RFC 5322, 3.4).

    Display names are decoded after the field has been taken apart, so that what an encoded word holds can never
    become an address. A name that is missing is taken from a comment (`a@b.example (Ann)`). Tolerant: semicolons
    between mailboxes, missing angle brackets, brackets that are not closed, obsolete routes and spaces, `user at
    host`, 8-bit text. Where a name has no address, as in `undisclosed recipients`, `address` is empty; a single word
    is the address of a local user. Never raises; linear in the size of the value.
    """
    return list(_addresses_once(value)) if len(value) <= _LONGEST_KEPT else _addresses(value)


def _addresses(value: bytes) -> list[Address]:
    return [Address(name, address) for name, address in parse_mailboxes(value)]


# Who writes once writes again, to the same people.
_LONGEST_KEPT = 200
_addresses_once = lru_cache(maxsize=4096)(_addresses)


def parse_mailboxes(value: bytes) -> list[Mailbox]:
    """The same as pairs of name and address, for those who make something else of them."""
    value = unfold(value)
    mailboxes: list[Mailbox] = []
    position, end = 0, len(value)
    if b"=?" not in value and value.isascii():
        text = value.decode("ascii")
        if text.isprintable():
            position = _read_plain(text, mailboxes)
    usual = _usual().match
    reader: _Reader | None = None
    while position < end:
        match = usual(value, position)
        if match is None:
            reader = reader or _Reader(value, mailboxes)
            position = reader.read(position)
            continue
        quoted, phrase, address, bare = match.groups()
        position = match.end()
        if bare is not None:
            mailboxes.append(("", _address_text(bare)))
        else:
            mailboxes.append((_name_text(phrase if quoted is None else quoted), _address_text(address)))
    return mailboxes


def _read_plain(text: str, mailboxes: list[Mailbox]) -> int:
    """Add mailboxes of the usual shapes, as long as there are any, from text in which nothing is to be decoded; returns
    the offset behind the last one."""
    usual = _usual_plain().match
    position, end = 0, len(text)
    while position < end:
        match = usual(text, position)
        if match is None:
            break
        quoted, phrase, address, bare = match.groups()
        position = match.end()
        if bare is not None:
            mailboxes.append(("", bare))
            continue
        name = (phrase if quoted is None else quoted).strip()
        if "  " in name:
            name = " ".join(name.split())
        mailboxes.append((name, address))
    return position


def _address_text(address: bytes) -> str:
    return one_line(address.decode("ascii") if address.isascii() else decode(address, None))


def _name_text(name: bytes) -> str:
    name = name.strip()
    if b"  " in name or b"\t" in name:
        name = b" ".join(name.split())
    return decode_words(name).strip() if name else ""


def _without_space(address: bytes) -> bytes:
    """An addr-spec without the white space that obsolete syntax allows between its pieces."""
    if b'"' in address:
        return _outside_quotes().sub(lambda match: match[1] or b"", address)
    return b"".join(address.split())


class _Reader:
    """Reads what is not of the usual shape, one separator to the next."""

    __slots__ = ("angle", "comments", "mailboxes", "name_comment", "text", "value", "words")

    def __init__(self, value: bytes, mailboxes: list[Mailbox]) -> None:
        self.value = value
        self.mailboxes = mailboxes
        self.comments = True
        """Whether a parenthesis may still open a comment: none does after one that is never closed."""
        self._clear()

    def _clear(self) -> None:
        # The same twice: tokens joined to words as in an addr-spec, without the white space that obsolete syntax
        # allows around `@` and dots; and tokens as they stand, for a display name.
        self.words: list[list[bytes]] = []
        self.text: list[bytes] = []
        self.angle: bytes | None = None
        self.name_comment = b""

    def read(self, position: int) -> int:
        """Add the mailboxes up to the next separator; returns the offset after it."""
        value = self.value
        end = len(value)
        joins = False  # whether the next token belongs to the last word
        while position < end:
            token = _token().match(value, position)
            assert token is not None  # the last alternative is any byte
            position = token.end()
            kind = token.lastgroup
            if kind == "separator":
                break
            if kind == "space":
                # `user @ host . example` is one word, `John Q. Public` is three.
                joins = bool(self.text) and (self.text[-1] == b"@" or self.text[-2:] == [b" ", b"."])
                self.text.append(b" ")
            elif kind in ("closed", "open"):
                if self.angle is not None:
                    self._end_mailbox()
                self.angle = token[kind]
                self.text.append(b" ")
                joins = False
            elif kind == "colon":
                # The name of a group, or `mailto:`; or an address, where a comma was meant.
                if any(b"@" in word for word in self.words):
                    self._end_mailbox()
                elif self.angle is None:
                    self._clear()
                joins = False
            elif kind == "comment" and (after := self._comment(token.start())) >= 0:
                position = after
            else:
                if self.words and (joins or kind == "joint"):
                    self.words[-1].append(token[0])
                else:
                    self.words.append([token[0]])
                self.text.append(token[0])
                joins = True
        self._end_mailbox()
        return position

    def _comment(self, start: int) -> int:
        if not self.comments:
            return -1
        end = comment_end(self.value, start)
        if end < 0:
            self.comments = False
        elif not self.name_comment:
            self.name_comment = self.value[start + 1 : end - 1]
        return end

    def _end_mailbox(self) -> None:
        text, words, angle, comment = self.text, self.words, self.angle, self.name_comment
        self._clear()
        if angle is not None:
            self._add(text, comment, self._angle_address(angle))
            return
        at = [index for index, word in enumerate(words) if b"@" in word]
        if not at:
            if len(words) == 3 and words[1] == [b"at"]:
                self._add([], comment, b"".join(words[0] + [b"@"] + words[2]))
            elif len(words) == 1 and words[0][0][:1] not in b'"=':
                self._add([], comment, _joined(words[0]))
            elif words:
                self._add(text, comment, b"")
            return
        start = 0
        for index in at[:-1]:
            self._add(_phrase(words[start:index]), b"", _joined(words[index]))
            start = index + 1
        # Words after the last address are its name only where it has none before it.
        name = words[start : at[-1]] or words[at[-1] + 1 :]
        self._add(_phrase(name), comment, _joined(words[at[-1]]))

    def _angle_address(self, angle: bytes) -> bytes:
        if b"(" in angle:
            angle = _without_comments(angle)
        if _empty_group().match(angle) is not None:
            return b""
        route = _route().match(angle)
        if route is not None:
            angle = angle[route.end() :]
        if b" " in angle:
            user_at_host = _user_at_host().fullmatch(angle.strip())
            if user_at_host is not None:
                return user_at_host[1] + b"@" + user_at_host[2]
        address = _without_space(angle)
        return address[7:] if address[:7].lower() == b"mailto:" else address

    def _add(self, phrase: list[bytes], comment: bytes, address: bytes) -> None:
        name = _joined([_unquoted(token) for token in phrase]).strip() or _quoted_pair().sub(rb"\1", comment)
        text = _name_text(name)
        if address[:1] == b"@":
            address = b""  # a domain alone, as mail systems append it to an empty group
        if text or address:
            self.mailboxes.append((text, _address_text(address)))


_JOINED_AT_ONCE = 4096


def _joined(tokens: list[bytes]) -> bytes:
    """Tokens in a row. `bytes.join` takes 80 bytes of memory for each of them, and there may be a million."""
    if len(tokens) <= _JOINED_AT_ONCE:
        return b"".join(tokens)
    slices = (tokens[at : at + _JOINED_AT_ONCE] for at in range(0, len(tokens), _JOINED_AT_ONCE))
    return b"".join([b"".join(few) for few in slices])


def _phrase(words: list[list[bytes]]) -> list[bytes]:
    """The tokens of words, with the white space between them."""
    return [token for word in words for token in (*word, b" ")]


def _unquoted(token: bytes) -> bytes:
    if token[:1] == b'"' and len(token) > 1:
        token = token[1:-1]
    return _quoted_pair().sub(rb"\1", token) if b"\\" in token else token


def _without_comments(text: bytes) -> bytes:
    pieces = []
    position = 0
    while (start := text.find(b"(", position)) >= 0:
        end = comment_end(text, start)
        if end < 0:
            break
        pieces.append(text[position:start])
        position = end
    pieces.append(text[position:])
    return b"".join(pieces)
