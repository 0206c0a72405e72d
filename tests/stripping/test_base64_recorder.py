"""Recipes of base64: each layout comes back exactly, is proven, short, and the same for every split of the input."""

import random
from base64 import b64encode
from itertools import repeat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.decoding import bodies, piece_sizes, split
from support.recording import recipe_of, record_pieces, take_back

from mailstrata.stripping import base64_rebuilder, base64_recorder
from mailstrata.stripping.base64_layout import is_laid_out, lay_out
from mailstrata.stripping.base64_recorder import MAX_HELD_LINE, Base64Recorder
from mailstrata.stripping.layout_text import MAX_RECIPE
from mailstrata.stripping.recorder import rebuild
from mailstrata.transfer.base64 import Base64Decoder

CONTENT = random.Random(64).randbytes(1000)
"""1336 characters with padding, the last group of which has two."""

BIG = random.Random(8).randbytes(1 << 13) * 1024
"""8 MiB."""

TOKENS = [
    b"A",
    b"QQ",
    b"QR",
    b"QUI",
    b"QUJ",
    b"QUJD",
    b"QQ==",
    b"QUI=",
    b"AAAA",
    b"A\nA",
    b"QUJDQUJDQUJDQUJD",
    b"=",
    b"==",
    b"\r\n",
    b"\n",
    b" ",
    b"!",
    b"-_",
    b"\xff",
]


def body(content: bytes, width: int, separator: bytes) -> bytes:
    """Content as base64 in lines, without a last line break."""
    text = b64encode(content)
    return separator.join(text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize("width", [1, 2, 3, 4, 60, 64, 72, 73, 75, 76, 77, 998])
@pytest.mark.parametrize(("line_break", "word"), [(b"\n", "n"), (b"\r\n", "rn")])
def test_lines_of_any_width(width: int, line_break: bytes, word: str) -> None:
    """One word says all lines, whatever their width and line break, with and without a last line break."""
    # Padding has no line of its own here.
    text = body(CONTENT[: 999 if width < 4 else 1000], width, line_break)
    assert recipe_of("base64", text) == f"base64 {width}{word}"
    assert recipe_of("base64", text + line_break) == f"base64 {width}+{word}"


@pytest.mark.parametrize(
    ("width", "recipe"),
    [
        (1336, "base64 0"),
        (1335, "base64 0- :=%0A="),
        (1334, "base64 0-+n :=="),
        (667, "base64 667-+n :=="),
    ],
)
def test_padding_that_is_wrapped(width: int, recipe: str) -> None:
    """A line break within or before the padding."""
    assert recipe_of("base64", body(CONTENT, width, b"\n")) == recipe


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        (b"", "base64"),
        (b"\n", "base64 :%0A"),
        (b"QUJD", "base64 0"),
        (b"QUJD\n", "base64 0+n"),
        (b"QUJD\r\n", "base64 0+rn"),
        (b"QUI=", "base64 0"),
        (b"QUI=\n", "base64 0+n"),
        (b"QUI", "base64 0-"),
        (b"QUI\n", "base64 0-+n"),
        (b"A\nA", "base64 1-n"),
        (b"QQ=\n", "base64 0- :=%0A"),
        (b"QQ===", "base64 0 :="),
        (b"QUJD====", "base64 0 :===="),
        (b"QQ = =\n", "base64 0- :%20=%20=%0A"),
        (b"QUJD\nQUI=\n\n", "base64 4+n :%0A"),
        (b"\n\nQUJD", "base64 :%0A%0A 0"),
    ],
)
def test_ends_of_short_bodies(text: bytes, recipe: str) -> None:
    """Padding, missing or in excess, line breaks at both ends, and no content at all."""
    assert recipe_of("base64", text) == recipe


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        (b"QR==\n", "base64 :QR==%0A"),
        (b"QUJDQUJ=\n", "base64 :QUJDQUJ=%0A"),
        (b"QUJ", "base64 :QUJ"),
        (b"QUJDQUJDQUJDQUJDQR==", "base64 1*17 :R=="),
        (b"QUJD\nQUJD\nQR==\n", "base64 2*4n :QR==%0A"),
    ],
)
def test_pad_bits(text: bytes, recipe: str) -> None:
    """The last character stands as text where its spare bits are not zero, with and without padding."""
    assert recipe_of("base64", text) == recipe


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        (b"QUJDQ", "base64 :QUJDQ"),
        (b"QUJDQ\n", "base64 :QUJDQ%0A"),
        (b"QUJDQ=\nQUJD\n", "base64 @3 :QUJDQ=%0A @ 0+n"),
        (b"QUJD\nA", "base64 :QUJD%0AA"),
        (b"A=A", "base64 @0 :A= @ :A"),
    ],
)
def test_single_character_that_says_no_byte(text: bytes, recipe: str) -> None:
    """A character that is left over stands as text, wherever it is."""
    assert recipe_of("base64", text) == recipe


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        (b"QQ==QUJD", "base64 @1 0 @ 0"),
        (b"QQ==\nQUJD\nQUI=\n", "base64 @1 0+n @ 4+n"),
        (b"QUJD=QUJD", "base64 4'="),
        (b"QQ==AAAA", "base64 @1 0 @ 0"),
        (b"AA\nAA=AA=AA=AAAA", "base64 @4 :AA%0A 2-+'= @1 0- := @ 0"),
    ],
)
def test_concatenated_base64(text: bytes, recipe: str) -> None:
    """Data behind padding begins anew, at a whole group."""
    assert recipe_of("base64", text) == recipe


def test_concatenated_bodies() -> None:
    """Two encoded files one behind the other: each has its word."""
    text = body(CONTENT, 76, b"\n") + b"\n" + body(CONTENT[:500], 60, b"\n") + b"\n"
    assert recipe_of("base64", text) == "base64 @1000 76+n @ 60+n"


@pytest.mark.parametrize("lines", [1, 1023, 1024, 1025, 2048])
def test_last_line_that_is_full(lines: int) -> None:
    """No separator stands behind the last line, also where it is the last of those laid out at once."""
    assert recipe_of("base64", body(bytes(57 * lines), 76, b"\n")) == ("base64 76n" if lines > 1 else "base64 0")


def test_mixed_wrap() -> None:
    """Lines of several widths: a run of lines for each."""
    first = body(CONTENT[:570], 76, b"\n")
    text = first + b"\n" + body(CONTENT[570:], 60, b"\n") + b"\n"
    assert recipe_of("base64", text) == "base64 10*76n 60+n"


def test_mixed_line_breaks() -> None:
    """A body of which one half went through a system with other line breaks."""
    text = body(CONTENT[:570], 76, b"\r\n") + b"\r\n" + body(CONTENT[570:], 76, b"\n")
    assert recipe_of("base64", text) == "base64 10*76rn 76n"


def test_white_space_at_line_ends() -> None:
    """Spaces and tabs before the line break belong to the separator."""
    assert recipe_of("base64", body(CONTENT, 76, b" \t\r\n")) == "base64 76'%20%09%0D%0A"
    assert recipe_of("base64", body(CONTENT, 76, b"\n").replace(b"\n", b" \n", 1)) == "base64 1*76'%20%0A 76n"


def test_blank_lines() -> None:
    """A blank line behind every line, at the start, in the middle and at the end."""
    assert recipe_of("base64", body(CONTENT, 76, b"\n\n")) == "base64 76'%0A%0A"
    text = body(CONTENT, 76, b"\n")
    spaced = b"\n" + text[:77] + b"\n" + text[77:] + b"\n\n"
    assert recipe_of("base64", spaced) == "base64 :%0A 1*76'%0A%0A 76+n :%0A"


def test_stray_characters() -> None:
    """What is no base64 stands between two shorter lines."""
    text = body(CONTENT, 76, b"\n")
    broken = text[:100] + b'!"\\\x00\xff' + text[100:]
    assert recipe_of("base64", broken) == "base64 1*76n 1*23'!%22%5C%00%FF 1*53n 76n"


def test_text_behind_base64() -> None:
    """The footer of a mailing list, which decodes to something, is short text in the recipe."""
    footer = b"_____________\nlist mailing list\nlist@lists.example\n"
    text = body(CONTENT, 76, b"\n") + b"\n" + footer
    recipe = recipe_of("base64", text)
    assert recipe is not None
    assert recipe.startswith("base64 @1000 76+n :_____________%0A @ :list%20mailing%20list%0Alist@lists.example%0A")


def test_has_patches() -> None:
    """One word is no patch; anything more is."""
    text = body(CONTENT, 76, b"\n")
    assert not record_pieces("base64", [text])[0].has_patches
    assert record_pieces("base64", [b"\n" + text])[0].has_patches


def test_irregular_body_fails() -> None:
    """A body whose lines all differ has no recipe, and comes back out of what there is."""
    widths = random.Random(1)
    text = b"".join(b"A" * (widths.randrange(1, 40) * 4) + b"\n" for _ in range(3000))
    assert recipe_of("base64", text) is None


def test_mostly_patches_fails() -> None:
    """A recipe longer than an eighth of its body is refused, but a short one never is."""
    text = b"".join(b"A" * (at % 7 + 13) + b"\n" for at in range(100))
    assert recipe_of("base64", text) is None
    assert recipe_of("base64", text[:60]) is not None


def test_long_separator_fails() -> None:
    """Junk that is longer than a recipe is not held until it ends."""
    recorder = Base64Recorder()
    recorder.feed(b"QUJD", b"ABC")
    for _ in range(100):
        recorder.feed(b"!" * 1000, b"")
        if recorder.failed:
            break
    assert recorder.failed
    assert len(recorder.pending) <= MAX_RECIPE + 1000


def test_junk_within_a_group_is_not_held() -> None:
    """The decoder waits for the rest of a group; what stands between its characters is not held without limit."""
    recorder = Base64Recorder()
    decoder = Base64Decoder()
    for piece in [b"A\nA", *[b"!" * 10_000] * 30]:
        if not recorder.failed:
            recorder.feed(piece, decoder.feed(piece))
    assert recorder.failed
    assert len(recorder.pending) < 100_000


def test_wrong_content_is_noticed() -> None:
    """Content that does not come from the body makes no recipe: a byte changed, missing, or too many."""
    text = body(CONTENT, 76, b"\n")
    for content in (CONTENT[:500] + b"\x00" + CONTENT[501:], CONTENT[:-1], CONTENT + b"\x00"):
        recorder = Base64Recorder()
        recorder.feed(text, content[:-4])
        if not recorder.failed:
            recorder.close(content[-4:])
        assert recorder.failed


def test_error_in_the_last_line_of_a_big_part() -> None:
    """A stray character in the last line of 11 MiB is a patch."""
    lines = body(BIG, 76, b"\n")
    damaged = lines[:-20] + b"!" + lines[-20:] + b"\n"
    recorder, _ = record_pieces("base64", split(damaged, repeat(1 << 20)))
    assert not recorder.failed
    assert recorder.recipe == "base64 147168*76n 24'! :%0A"


def test_end_of_a_big_part_without_rules() -> None:
    """Where the end of 11 MiB cannot be said, all that is gone comes back out of the content so far."""
    end = b"".join(b"=!" * (at % 50 + 1) + b"A" * (at % 7) for at in range(3000))
    recorder, _ = record_pieces("base64", split(body(BIG, 76, b"\n") + b"\n" + end, repeat(1 << 20)))
    assert recorder.failed
    assert len(recorder.pending) < 2 << 20


def test_long_lines_are_not_held() -> None:
    """A body without line breaks, and lines of a megabyte, pass through."""
    content = CONTENT * 3000
    for text in (b64encode(content), body(content, 1_000_000, b"\n")):
        recorder = Base64Recorder()
        decoder = Base64Decoder()
        for piece in split(text, repeat(1 << 16)):
            recorder.feed(piece, decoder.feed(piece))
            assert len(recorder.pending) <= MAX_HELD_LINE + 8
        recorder.close(decoder.close())
        assert recorder.recipe in ("base64 0", "base64 1000000n")
        assert b"".join(rebuild(recorder.recipe, [content])) == text


@given(bodies(TOKENS), piece_sizes)
def test_any_body_comes_back(text: bytes, sizes: list[int]) -> None:
    """Behind each piece, recipe and pending bytes are the body so far; the recipe is the same for every split."""
    whole, _ = record_pieces("base64", [text])
    pieces, _ = record_pieces("base64", split(text, sizes), check_each=True)
    assert pieces.failed == whole.failed
    if not whole.failed:
        assert pieces.recipe == whole.recipe


@given(bodies(TOKENS, most_repeats=40), piece_sizes)
def test_any_body_has_a_recipe(text: bytes, sizes: list[int]) -> None:
    """But for its length no recipe fails: every body that the decoder can read can be said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base64_recorder, "MAX_RECIPE", 1 << 30)
        patch.setattr(base64_recorder, "is_mostly_patches", lambda *_: False)
        recorder = Base64Recorder()
        decoder = Base64Decoder()
        content = []
        for piece in split(text, sizes):
            content.append(decoder.feed(piece))
            recorder.feed(piece, content[-1])
        content.append(decoder.close())
        recorder.close(content[-1])
    assert not recorder.failed
    assert take_back(recorder, content) == text


@given(
    st.binary(max_size=400),
    st.integers(1, 100),
    st.sampled_from([b"\n", b"\r\n", b" \n", b"=\n"]),
    st.sampled_from([b"", b"\n", b"\r\n", b"\n\n"]),
)
def test_regular_bodies_have_short_recipes(content: bytes, width: int, separator: bytes, end: bytes) -> None:
    """What an encoder writes never fails, whatever width it was given."""
    text = body(content, width * 4, separator) + end
    recorder, _ = record_pieces("base64", [text])
    assert not recorder.failed
    assert len(recorder.recipe) < 40


@settings(max_examples=300, deadline=None)
@given(
    st.binary(min_size=1, max_size=120),
    st.sampled_from([4, 8, 12, 76]),
    st.sampled_from([b"\n", b"\r\n", b"\r", b" \n", b"\n\n"]),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([b"", b"\n", b"\r", b"A", b"\r\n"])), max_size=2),
)
@example(bytes(6), 4, b"\n", [(109, b"")])
def test_a_layout_is_seen_without_being_made(content, width, separator, changes):
    """`is_laid_out` says what a comparison with `lay_out` says, whatever was put into the lines or taken out."""
    characters = b64encode(content)
    characters = characters[: len(characters) // width * width].replace(b"=", b"A")
    lines = lay_out(characters, width, separator)
    for at, put in changes:
        lines = lines[: at % (len(lines) + 1)] + put + lines[at % (len(lines) + 1) + (at > 100) :]
    same = lines == lay_out(characters, width, separator)
    assert is_laid_out(lines, characters, width, separator) == same


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "recipe", ["76{}", "76+{}", "76-{}", "3*76{} 76{}", "3*76{} :!{} 76+{}", ":A 76{}", "@171 76+{} @ 76{}"]
)
def test_usual_lines_are_laid_out_as_any(recipe: str, line_break: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another way, which changes nothing, wherever the content ends and however it comes."""
    word = "n" if line_break == b"\n" else "rn"
    recipe = f"base64 {recipe.replace('{}', word)}".replace(":!n", ":!%0A").replace(":!rn", ":!%0D%0A")
    monkeypatch.setattr(base64_rebuilder, "USUAL_LINES", 2)
    for size in (*range(171, 175), 228, 229, 342, 343, 1000):
        content = CONTENT[:size]
        for piece in (1, 57, 100, size):
            pieces = [content[at : at + piece] for at in range(0, size, piece)]
            found = b"".join(rebuild(recipe, pieces, partial=True))
            with monkeypatch.context() as patch:
                patch.setattr(base64_rebuilder, "USUAL_WIDTH", -1)
                assert found == b"".join(rebuild(recipe, pieces, partial=True))
            assert size < 1000 or found.count(line_break) >= 13
