"""One interface over all encodings: which have recipes, and what is refused as none."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.errors import ArchiveError, StrippedMailError, UsageError
from mailstrata.stripping.recorder import MAX_RECIPE, rebuild, recorder_for
from mailstrata.transfer import IDENTITY_ENCODINGS


@pytest.mark.parametrize("encoding", sorted(IDENTITY_ENCODINGS))
def test_identity(encoding: str) -> None:
    """The body is its content, in the pieces that it has."""
    recorder = recorder_for(encoding)
    assert recorder is not None
    recorder.feed(b"one", b"one")
    recorder.feed(b"two", b"two")
    recorder.close(b"")
    assert (recorder.recipe, recorder.pending, recorder.failed) == ("identity", b"", False)
    assert not recorder.has_patches
    assert list(rebuild("identity", [b"one", b"", b"two"])) == [b"one", b"two"]


def test_identity_wants_the_same_bytes_twice() -> None:
    """Content that differs from the body is a wrong call."""
    recorder = recorder_for("7bit")
    assert recorder is not None
    with pytest.raises(UsageError):
        recorder.feed(b"one", b"two")


@pytest.mark.parametrize("encoding", ["x-foo", "uuencode", "x-uuencode", "", "BASE64"])
def test_encodings_without_recipe(encoding: str) -> None:
    """What has no recipe, or is no name in lower case, is kept as it is."""
    assert recorder_for(encoding) is None


@pytest.mark.parametrize(
    "recipe",
    [
        "",
        " ",
        "x-foo",
        "Base64",
        "identity 76n",
        "base64 ",
        "base64  76n",
        "base64 76n ",
        "base64\t76n",
        "base64 76x",
        "base64 076n",
        "base64 -1*76n",
        "base64 0*76n",
        "base64 5*0n",
        "base64 5*",
        "base64 76+-n",
        "base64 76'a b",
        "base64 76'%0",
        "base64 76'%0a",
        "base64 :\u00e9",
        "base64 :\n",
        'base64 :"',
        "base64 :\\",
        "base64 0\n",
        "base64 @ 0 @ 0",
        "base64 0 @5 0",
        "base64 @-1",
        "base64 9999999999999999999*1n",
        "base64 :" + "a" * MAX_RECIPE,
    ],
)
def test_what_is_no_recipe(recipe: str) -> None:
    """A text outside the grammar is refused at once, in one line."""
    with pytest.raises(StrippedMailError, match="not a recipe") as error:
        rebuild(recipe, [])
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250
    assert isinstance(error.value, ArchiveError)


@pytest.mark.parametrize(
    ("recipe", "content", "message"),
    [
        ("base64 2*4n", b"ABC", "shorter"),
        ("base64 1*8n", b"ABC", "shorter"),
        ("base64 1*200000n", b"ABC", "shorter"),
        ("base64 999999999999999999*999999999999999999", b"ABC", "shorter"),
        ("base64 @4 0 @", b"ABC", "shorter"),
        ("base64 @9 4n @ 0", b"ABC", "shorter"),
        ("base64", b"ABC", "longer"),
        ("base64 1*4n", b"ABCABC", "longer"),
        ("base64 @3 @ 0", b"ABCABC", "longer"),
        ("base64 :Q", b"A", "longer"),
    ],
)
def test_content_that_does_not_fit(recipe: str, content: bytes, message: str) -> None:
    """Content that ends too early or goes on is noticed."""
    with pytest.raises(StrippedMailError, match=message):
        b"".join(rebuild(recipe, [content]))


@pytest.mark.parametrize(
    ("recipe", "content", "body"),
    [
        ("base64", b"", b""),
        ("base64 0", b"", b""),
        ("base64 76+n", b"", b"\n"),
        ("base64 :QQ==", b"A", b"QQ=="),
        ("base64 :QQ==", b"", b"QQ=="),
        ("base64 @1 0 @ 0", b"A", b"QQ=="),
        ("base64 @0 :x @ 4n", b"ABC", b"xQUJD"),
        ("base64 200000+n", b"ABC", b"QUJD\n"),
    ],
)
def test_unusual_recipes(recipe: str, content: bytes, body: bytes) -> None:
    """What our recorder does not write but the grammar allows."""
    assert b"".join(rebuild(recipe, [content])) == body


def test_partial_leaves_content_alone() -> None:
    """With `partial`, content beyond the recipe is no error."""
    assert b"".join(rebuild("base64 1*4n", [b"ABCDEF"], partial=True)) == b"QUJD\n"


@pytest.mark.parametrize(
    "recipe",
    ["base64 76n", "base64 0", "base64 300000n", "base64 2000*999999", "base64 1n", "base64 400000000*1'" + "." * 9000],
)
def test_pieces_are_bounded(recipe: str) -> None:
    """No piece is much larger than 1 MiB, whatever the recipe says; nothing is read ahead of what is needed."""
    read = 0

    def content() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield bytes(1 << 16)

    pieces = rebuild(recipe, content())
    made = 0
    while made < 20 << 20:
        piece = next(pieces)
        assert len(piece) <= (1 << 20) + (1 << 16)
        made += len(piece)
    assert read << 16 <= made + (1 << 20)


NUMBERS = st.integers(1, 30)
SEPARATORS = st.sampled_from(["", "n", "rn", "'%20%0A", "'!", "'="])
WORDS = st.one_of(
    st.builds("{}*{}{}".format, NUMBERS, NUMBERS, SEPARATORS),
    st.builds(
        "{}{}{}{}".format, st.integers(0, 30), st.sampled_from(["", "-"]), st.sampled_from(["", "+"]), SEPARATORS
    ),
    st.sampled_from([":", ":ab%0A", ":A", ":%3D=Q"]),
)
SEGMENTS = st.tuples(st.integers(0, 40), st.lists(WORDS, max_size=4))


def follow(recipe: str, content: bytes) -> bytes | None:
    """What the documented grammar says, as plainly as can be; None where content and recipe do not fit."""
    body = b""
    words = recipe.split(" ")[1:]
    if not words or words[0][0] != "@":
        words.insert(0, "@")
    characters = padding = b""
    for word in [*words, "@"]:
        if word[0] == "@":
            if characters:
                return None
            size = int(word[1:]) if word[1:] else len(content)
            if size > len(content):
                return None
            segment, content = content[:size], content[size:]
            characters = b64encode(segment).rstrip(b"=")
            padding = b"=" * (-len(segment) % 3)
        elif word[0] == ":":
            text = unescape(word[1:])
            body += text
            characters = characters[len(alphabet_only(text)) :]
        elif "*" in word:
            count, _, rest = word.partition("*")
            width, _, separator = split_line(rest)
            if int(count) * width > len(characters):
                return None
            for _ in range(int(count)):
                body += characters[:width] + separator
                characters = characters[width:]
        else:
            width, flags, separator = split_line(word)
            lines = [characters[at : at + width] for at in range(0, len(characters), width)] if width else [characters]
            body += separator.join(lines) + (b"" if "-" in flags else padding) + (separator if "+" in flags else b"")
            characters = b""
    return None if content else body


def split_line(word: str) -> tuple[int, str, bytes]:
    """Width, flags and separator of a word."""
    digits = word[: len(word) - len(word.lstrip("0123456789"))]
    rest = word[len(digits) :]
    flags = rest[: len(rest) - len(rest.lstrip("-+"))]
    separator = rest[len(flags) :]
    return int(digits), flags, {"": b"", "n": b"\n", "rn": b"\r\n"}.get(separator) or unescape(separator[1:])


def unescape(text: str) -> bytes:
    """Text with its escapes undone."""
    first, *others = text.split("%")
    return first.encode() + b"".join(bytes([int(other[:2], 16)]) + other[2:].encode() for other in others)


def alphabet_only(text: bytes) -> bytes:
    """The characters of the alphabet in text."""
    return bytes(byte for byte in text if byte in b64encode(bytes(range(256)) + b"\xfb\xff\xbf") and byte != ord("="))


@given(st.lists(SEGMENTS, max_size=3), st.lists(WORDS, max_size=4), st.binary(max_size=120), st.integers(1, 50))
def test_agrees_with_the_documented_grammar(
    segments: list[tuple[int, list[str]]], last: list[str], content: bytes, piece: int
) -> None:
    """Any recipe gives what a plain reading of `docs/stripping.md` gives, with content in any pieces."""
    words = ["base64"]
    for size, steps in segments:
        words += [f"@{size}", *steps]
    words += ["@"] * bool(segments) + last
    recipe = " ".join(words)
    expected = follow(recipe, content)
    pieces = [content[at : at + piece] for at in range(0, len(content), piece)]
    try:
        body = b"".join(rebuild(recipe, pieces))
    except StrippedMailError:
        body = None
    assert body == expected
