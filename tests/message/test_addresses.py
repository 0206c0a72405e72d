"""Mailboxes of address fields, well-formed and otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailstrata.message import addresses
from mailstrata.message.addresses import Address, parse_addresses


def pairs(value: bytes) -> list[tuple[str, str]]:
    return [(address.name, address.address) for address in parse_addresses(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", []),
        (b" ann@a.example", [("", "ann@a.example")]),
        (b" Ann Lee <ann@a.example>", [("Ann Lee", "ann@a.example")]),
        (b'"Lee, Ann" <ann@a.example>, bob@b.example', [("Lee, Ann", "ann@a.example"), ("", "bob@b.example")]),
        (b'"Ann \\"A\\" \\\\ Lee" <ann@a.example>', [('Ann "A" \\ Lee', "ann@a.example")]),
        (b'Ann "the Ant" Lee\r\n\t<ann@a.example>', [("Ann the Ant Lee", "ann@a.example")]),
        (b"Ann Q. Lee <ann@a.example>", [("Ann Q. Lee", "ann@a.example")]),
        (b'"ann lee"@a.example', [("", '"ann lee"@a.example')]),
        (b'Ann <"ann@home"@a.example>', [("Ann", '"ann@home"@a.example')]),
        (
            b"ann@[192.0.2.1], Bob <bob@[IPv6:2001:db8::1]>",
            [("", "ann@[192.0.2.1]"), ("Bob", "bob@[IPv6:2001:db8::1]")],
        ),
        ("Ärn <ärn@ä.example>".encode(), [("Ärn", "ärn@ä.example")]),
        (b"a..b.@a.example", [("", "a..b.@a.example")]),
    ],
)
def test_mailboxes(value, expected):
    """RFC 5322, 3.4.1, with the internationalised forms of RFC 6532."""
    assert pairs(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"undisclosed-recipients:;", []),
        (
            b"The team: ann@a.example, Bob <bob@b.example>; cy@c.example",
            ["ann@a.example", "bob@b.example", "cy@c.example"],
        ),
        (b'"A, B": ann@a.example;, C:;', ["ann@a.example"]),
        (b"<undisclosed-recipients:;>, <none:@a.example;>, none:;@a.example", []),
    ],
)
def test_groups(value, expected):
    """Members are kept and names of groups dropped; an empty group has no mailbox, in brackets neither."""
    assert [address for _, address in pairs(value)] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"ann@a.example (Ann Lee)", [("Ann Lee", "ann@a.example")]),
        (b"(c) Ann (d) Lee <ann@a.example> (e)", [("Ann Lee", "ann@a.example")]),
        (b"<ann@a.example> (Ann (the \\) ant))", [("Ann (the ) ant)", "ann@a.example")]),
        (b"ann(c)@(d)a.example, <bob(e)@b.example>", [("c", "ann@a.example"), ("", "bob@b.example")]),
        (b"(only a comment)", []),
    ],
)
def test_comments(value, expected):
    """A comment is the name where there is no other, and is otherwise passed over."""
    assert pairs(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"=?utf-8?Q?J=C3=B6rg_M.?= <j@a.example>", [("Jörg M.", "j@a.example")]),
        (b'"=?utf-8?Q?J=C3=B6rg?=" <j@a.example>', [("Jörg", "j@a.example")]),
        (b"=?utf-8?Q?J=C3?= =?utf-8?Q?=B6rg?= <j@a.example>", [("Jörg", "j@a.example")]),
        (b"j@a.example (=?utf-8?Q?J=C3=B6rg?=)", [("Jörg", "j@a.example")]),
        (b"J\xf6rg <j@a.example>", [("Jörg", "j@a.example")]),
        # what is encoded cannot become an address
        (b"=?utf-8?Q?a=40evil.example=2C?= <j@a.example>", [("a@evil.example,", "j@a.example")]),
        (b"=?utf-8?Q?=3Ca=40evil.example=3E?= <j@a.example>", [("<a@evil.example>", "j@a.example")]),
        (b"=?utf-8?Q?a=40evil.example?=", [("a@evil.example", "")]),
        (b"=?utf-8?Q?a@evil.example?=", [("a@evil.example", "")]),
        (b"=?utf-8?Q?a,_<b@evil.example>?= <j@a.example>", [("a, <b@evil.example>", "j@a.example")]),
        (b"=?utf-8?Q?a=0D=0Ab?= <j@a.example>", [("a b", "j@a.example")]),
        (b"=?utf-8?B?QW5uIDxhQGV2aWwuZXhhbXBsZT4=?=", [("Ann <a@evil.example>", "")]),
        (b'"=?utf-8?Q?Lee,_J=C3=B6rg?=" <j@a.example>', [("Lee, Jörg", "j@a.example")]),
        (b'=?iso-8859-1?Q?"M=FCller,_J"?= <j@a.example>', [('"Müller, J"', "j@a.example")]),
        (b"=?utf-8?Q?J=C3=B6rg?=<j@a.example>", [("Jörg", "j@a.example")]),
        (b"j@xn--bcher-kva.example", [("", "j@xn--bcher-kva.example")]),
    ],
)
def test_encoded_names(value, expected):
    """Names are decoded, and only after the field has been taken apart."""
    assert pairs(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # separators
        (b"ann@a.example;Bob <bob@b.example>;", [("", "ann@a.example"), ("Bob", "bob@b.example")]),
        (b",, ann@a.example ,,bob@b.example,", [("", "ann@a.example"), ("", "bob@b.example")]),
        (b"ann@a.example bob@b.example", [("", "ann@a.example"), ("", "bob@b.example")]),
        (b"<ann@a.example> Bob <bob@b.example>", [("Bob", "ann@a.example"), ("", "bob@b.example")]),
        (b"Lee, Ann <ann@a.example>", [("", "Lee"), ("Ann", "ann@a.example")]),
        (
            b"<ann@a.example>,<bob@b.example>;cy@c.example",
            [("", "ann@a.example"), ("", "bob@b.example"), ("", "cy@c.example")],
        ),
        # quotes in quotes, or single ones
        (b'"Ann "the Ant" Lee" <ann@a.example>', [("Ann the Ant Lee", "ann@a.example")]),
        (b"'Ann' <ann@a.example>", [("'Ann'", "ann@a.example")]),
        # brackets
        (b'"Ann" ann@a.example', [("Ann", "ann@a.example")]),
        (b"Ann [x] (Sales, EU)<ann@a.example>", [("Ann [x]", "ann@a.example")]),
        (b"Ann Q. Lee ann@a.example", [("Ann Q. Lee", "ann@a.example")]),
        (b"Ann <ann@a.example, bob@b.example", [("Ann", "ann@a.example"), ("", "bob@b.example")]),
        (b"<<ann@a.example>>", [("", "ann@a.example")]),
        (b"ann@a.example <ann@a.example>", [("ann@a.example", "ann@a.example")]),
        (b"Ann <ann@a,example>", [("Ann", "ann@a,example")]),
        (b"<ann@a.example> Ann", [("Ann", "ann@a.example")]),
        (b"<>, Ann <>", [("Ann", "")]),
        # quotes and parentheses that never close
        (b'"Ann <ann@a.example>, bob@b.example', [('"Ann', "ann@a.example"), ("", "bob@b.example")]),
        (b"Ann (x <ann@a.example>, bob@b.example", [("Ann (x", "ann@a.example"), ("", "bob@b.example")]),
        # obsolete forms, and those of other systems
        (b"ann . lee @ a . example", [("", "ann.lee@a.example")]),
        (b"Ann <@b.example,@c.example:ann@a.example>", [("Ann", "ann@a.example")]),
        (b"ann at a.example (Ann Lee)", [("Ann Lee", "ann@a.example")]),
        (b"Ann <ann at a.example>", [("Ann", "ann@a.example")]),
        (b"<mailto:ann@a.example>, mailto:bob@b.example", [("", "ann@a.example"), ("", "bob@b.example")]),
        (b"ann@a.example: bob@b.example", [("", "ann@a.example"), ("", "bob@b.example")]),
        (b"Ann @ Work <ann@a.example>", [("Ann @ Work", "ann@a.example")]),
        (b"Lee\\, Ann <ann@a.example>", [("Lee, Ann", "ann@a.example")]),
        # two at signs
        (b"ann@b.example@a.example", [("", "ann@b.example@a.example")]),
        # control characters
        (b"ann\x1c\0@a.example", [("", "ann \ufffd@a.example")]),
        # no address
        (b"root, Cron Daemon", [("", "root"), ("Cron Daemon", "")]),
        (b'"ann@a.example"', [("ann@a.example", "")]),
    ],
)
def test_malformed_fields_as_mail_clients_read_them(value, expected):
    """Each kind of breakage that the function's documentation names is read as it says."""
    assert pairs(value) == expected


def test_parts_of_an_address():
    """Local part and domain are split at the last `@`."""
    address = Address("", '"a@b"@c.example')
    assert (address.local_part, address.domain) == ('"a@b"', "c.example")
    assert (Address("", "root").local_part, Address("", "root").domain) == ("root", "")


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("", "ann@a.example"), "ann@a.example"),
        (Address("Ann Lee", "ann@a.example"), "Ann Lee <ann@a.example>"),
        (Address("Lee, Ann", "ann@a.example"), '"Lee, Ann" <ann@a.example>'),
        (Address('A "B" \\', "ann@a.example"), '"A \\"B\\" \\\\" <ann@a.example>'),
        (Address("Cron Daemon", ""), "Cron Daemon"),
    ],
)
def test_an_address_as_text(address, text):
    """A name that needs quotes has them."""
    assert str(address) == text


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Zs"]), min_size=1).filter(
    lambda name: "=?" not in name and not name.startswith("\ufeff")
)
_ADDRESSES = st.from_regex(r"[a-z0-9.+-]{1,9}@[a-z0-9.-]{1,9}", fullmatch=True)


@given(st.lists(st.builds(Address, st.one_of(st.just(""), _NAMES), _ADDRESSES)))
def test_what_is_written_comes_back(addresses):
    """Whatever a name holds, `str` quotes it so that the field is read as it was meant."""
    assert parse_addresses(", ".join(map(str, addresses)).encode()) == addresses


_PIECES = st.sampled_from(
    [b"a", b"b@c", b"@", b".", b"<", b">", b'"', b"(", b")", b"\\", b",", b";", b":", b"[", b"]", b" ", b"\r\n ",
     b"\xff", b"=?utf-8?q?", b"?=", b"at", b"\0"]
)  # fmt: skip


@given(st.one_of(st.binary(), st.lists(_PIECES).map(b"".join)))
def test_any_bytes_give_addresses(value):
    """Never raises; every name and address is one line of valid Unicode, and not both are empty."""
    for address in parse_addresses(value):
        assert address.name or address.address
        for text in (address.name, address.address, str(address)):
            text.encode("utf-8")
            assert len(text.splitlines()) <= 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("start", [b"", b'<"'])
@pytest.mark.parametrize(
    "unit",
    [b",", b"<", b'"', b'\\"', b"(", b"()", b"@", b":", b"a ", b"<a ", b'<"', b"@a,", b"a@b ", b"=?a?q?", b'"a" ', b"[",
     b"<(>"],
)  # fmt: skip
def test_hostile_fields_take_linear_time(start, unit):
    """A third of a megabyte of any of these; anything quadratic would take minutes."""
    parse_addresses(start + unit * (300_000 // len(unit)))


def test_many_addresses():
    """None is lost among many, of all shapes."""
    value = b'"Lee, Ann" <ann@a.example>, bob@b.example (Bob), ' * 10_000
    assert pairs(value) == [("Lee, Ann", "ann@a.example"), ("Bob", "bob@b.example")] * 10_000


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *("Ann", '"Ann, B."', '"a  b"', "a@b.example", "<a@b.example>", " ", "  ", ",", ";", ":", "(c)", "\\"),
                *(
                    "@",
                    "<",
                    ">",
                    '"',
                    "[1]",
                    "=?",
                    "ü",
                    "\t",
                    "\n ",
                    "\x7f",
                    "at",
                    ".",
                    "a.b@c",
                    "<mailto:a@b>",
                    "=?a@b",
                ),
            ]
        ),
        max_size=9,
    ).map(lambda pieces: "".join(pieces).encode())
)
def test_plain_text_is_read_as_any_other(value):
    """What is read as text, since nothing in it is to be decoded, comes to the same as it does from bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "_read_plain", lambda text, mailboxes: 0)
        general = addresses.parse_mailboxes(value)
    assert addresses.parse_mailboxes(value) == general
    assert [(each.name, each.address) for each in parse_addresses(value)] == general
