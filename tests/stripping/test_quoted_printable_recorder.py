"""Recipes of quoted-printable: what encoders write comes back exactly, and the recipe is the same for every split."""

import random
from binascii import b2a_qp
from itertools import repeat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.decoding import bodies, piece_sizes, split
from support.recording import recipe_of, record_pieces, take_back

from mailstrata.errors import StrippedMailError
from mailstrata.stripping import quoted_printable_recorder, rebuilding
from mailstrata.stripping.quoted_printable_layout import Rule
from mailstrata.stripping.quoted_printable_rebuilder import encode_decided
from mailstrata.stripping.quoted_printable_recorder import MAX_HELD, QuotedPrintableRecorder
from mailstrata.stripping.recorder import rebuild
from mailstrata.transfer.quoted_printable import QuotedPrintableDecoder

WORDS = "lorem ipsum dolör sit=amet, consectétur.\n\n adipiscing \t elit \N{EM DASH} sed \x00 do\n.\n".encode()

TOKENS = [
    b"abc",
    b"=3D",
    b"=20",
    b"=\n",
    b"=\r\n",
    b"=",
    b" ",
    b"\n",
    b"\r\n",
    b"\r",
    b"=4",
    b"=c3=a9",
    b"=C3=A9",
    b"\xc3\xa9",
    b".",
    b"x" * 80,
    b"y" * 70 + b"=\n",
    b"   \n",
    b"= \n",
    b"=0D=0A",
    b"=0A=\n",
    b" " * 999,
]


def text(size: int, seed: int = 1) -> bytes:
    """Content with lines of all lengths, some of them much longer than a line of a body."""
    chance = random.Random(seed)
    words = WORDS.split(b" ")
    return b" ".join(chance.choice(words) for _ in range(size // 6))


def encode_line(line: bytes, rule: Rule, *, broken: bool) -> bytes:
    """A line as `docs/stripping.md` has it, character by character; with a soft line break at its end if `broken`."""
    tokens = [
        bytes([byte])
        if (byte in b"\t " or (33 <= byte <= 126 and byte != ord("="))) != (byte in rule.changed)
        else b"=%02X" % byte
        for byte in line
    ]
    if line[-1:] in (b" ", b"\t") and not broken:
        tokens[-1] = b"=%02X" % line[-1]
    pieces = []
    while sum(map(len, tokens)) > rule.width - rule.shorter:
        piece = b""
        while len(piece + tokens[0]) < rule.width:
            piece += tokens.pop(0)
        pieces.append(piece + b"=")
    last = b"".join(tokens) + (b"=" if broken else b"")
    return rule.line_break.join([*pieces, last])


def encode(content: bytes, rule: Rule) -> bytes:
    """Content by a rule; it has the rule's line breaks."""
    return rule.line_break.join(encode_line(line, rule, broken=False) for line in content.split(rule.line_break))


def recipe_in_words(body: bytes) -> list[str]:
    """The rule and the steps of a body's recipe."""
    recipe = recipe_of("quoted-printable", body)
    assert recipe is not None
    return recipe.split(" ")[1:]


@pytest.mark.parametrize("width", [16, 70, 72, 75, 76, 77, 120, 998])
@pytest.mark.parametrize("shorter", [False, True])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_rule_is_found(width: int, shorter: bool, line_break: bytes) -> None:
    """One word says it all, whatever the width of lines, the rule for the last of them, and the line breaks."""
    rule = Rule(width, shorter, line_break, b"")
    # A line that is as long as can be tells one rule from the other.
    content = b"x" * width + b"\n" + b"x" * width * 2 + b"\n" + text(12_000)
    assert recipe_in_words(encode(content.replace(b"\n", line_break), rule)) == [str(rule)]


@pytest.mark.parametrize("changed", [b'!"#$@[\\]^`{|}~', b"\t ", b".", b"\x00", bytes(range(128, 256))])
def test_bytes_written_the_other_way(changed: bytes) -> None:
    """Encoders that escape more, or less: the rule says which bytes."""
    rule = Rule(76, False, b"\n", bytes(sorted(changed)))
    content = b"abc" + changed + b"abc=\n" + text(6000).translate(None, bytes(set(range(128, 256)) - set(changed)))
    assert recipe_in_words(encode(content, rule)) == [str(rule)]


@pytest.mark.parametrize(
    ("body", "recipe"),
    [
        (b"", "76n"),
        (b"abc", "76n"),
        (b"abc\n", "76n"),
        (b"abc\r\n", "76rn"),
        (b"a=20\n", "76n"),
        (b"a \n", "76n 2:a%20%0A"),
        (b"a ", "76n 1:a%20"),
        (b"a=", "76n 1:a="),
        (b"a=\n", "76n 1"),
        (b"a = \n", "76n 2:a%20=%20%0A"),
        (b"=c3=a9\n", "76n 3:=c3=a9%0A"),
        (b"a=0Ab\n", "76n 4:a=0Ab%0A"),
        (b"a=0D\nb\n", "76n"),
        (b"a=0Ab\r\n", "76rn"),
        (b"a=0A=\r\nb\r\nc\r\n", "76rn 2"),
        (b"a=0D=0Ab\r\n", "76rn 6:a=0D=0Ab%0D%0A"),
        (b"a\nb\r\nc\r\nd\r\n", "76rn 2:a%0A"),
        (b"a\rb\n", "76n 4:a%0Db%0A"),
        (b"1=1 ==\n=zz\n", "76n 5:1=1%20==%0A 4:=zz%0A"),
    ],
)
def test_short_bodies(body: bytes, recipe: str) -> None:
    """Ends, and what no encoder should write: a line of it is text."""
    assert recipe_of("quoted-printable", body) == "quoted-printable " + recipe


def test_line_broken_early() -> None:
    """A soft line break that comes too early costs one word, and the rule goes on behind it."""
    rule = Rule(76, False, b"\n", b"")
    first, second = text(3000), text(3000, 2)
    early = encode_line(b"a b c ", rule, broken=True)
    body = encode(first, rule) + b"\n" + early + b"\n" + encode(second, rule)
    assert recipe_in_words(body) == ["76n", str(len(first) + 1), "6"]


def test_two_encoders() -> None:
    """A footer that was added unencoded is text."""
    rule = Rule(76, False, b"\n", b"")
    content = text(3000)
    body = encode(content, rule) + b"\n" + b"=" * 10 + b"\nlist@lists.example\n"
    assert recipe_in_words(body) == ["76n", str(len(content) + 1), "9:==========%0A"]


def test_big_body_with_odd_lines() -> None:
    """Words count as far as they must: a body of a megabyte with odd lines at any place."""
    rule = Rule(76, False, b"\n", b"")
    chance = random.Random(3)
    contents = [text(chance.randrange(20_000), seed) for seed in range(50)]
    body = b"\n".join(encode(content, rule) + b"\nodd line =\n" for content in contents)
    recorder, _ = record_pieces("quoted-printable", split(body, repeat(1 << 16)))
    assert not recorder.failed
    assert recorder.has_patches


def test_long_line_without_breaks() -> None:
    """Content that is one line of a megabyte, broken softly."""
    rule = Rule(76, False, b"\r\n", b"")
    body = encode_line(b"<td>caf\xe9 </td>" * 5000, rule, broken=False)
    recorder, _ = record_pieces("quoted-printable", split(body, repeat(1 << 14)))
    assert recorder.recipe == "quoted-printable 76rn"
    assert not recorder.has_patches


@pytest.mark.parametrize(
    "piece", [b"=\n", b"a", b" ", b"=", b"\r", b"= \n", b" \n", b"x" * 2000 + b"\n", b"\xe9=E9\n", b"=0D"]
)
def test_hostile_bodies_are_not_held(piece: bytes) -> None:
    """Whatever is repeated, little waits, and the end comes early where there is no rule."""
    recorder = QuotedPrintableRecorder()
    decoder = QuotedPrintableDecoder()
    for part in split(piece * (1_000_000 // len(piece)), repeat(10_000)):
        if not recorder.failed:
            recorder.feed(part, decoder.feed(part))
            assert len(recorder.pending) <= MAX_HELD + 10_000


def test_wrong_content_is_noticed() -> None:
    """Content that does not come from the body makes no recipe: a byte changed, missing, or too many."""
    content = text(3000)
    body = encode(content, Rule(76, False, b"\n", b""))
    for wrong in (content[:500] + b"\x01" + content[501:], content[:-1], content + b"x"):
        recorder = QuotedPrintableRecorder()
        recorder.feed(body, wrong[:-3])
        if not recorder.failed:
            recorder.close(wrong[-3:])
        assert recorder.failed


@pytest.mark.parametrize(
    "recipe",
    [
        "quoted-printable",
        "quoted-printable 76",
        "quoted-printable 15n",
        "quoted-printable 999n",
        "quoted-printable 76n ",
        "quoted-printable 76n -5",
        "quoted-printable 76n 05",
        "quoted-printable 76n . 5",
        "quoted-printable 76n 5:a b",
        "quoted-printable 76n'A",
        "quoted-printable 76n'%0A",
        "quoted-printable 76n'=",
    ],
)
def test_what_is_no_recipe(recipe: str) -> None:
    """A text outside the grammar is refused at once."""
    with pytest.raises(StrippedMailError, match="not a recipe"):
        rebuild(recipe, [])


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("quoted-printable 76n 4", "shorter"),
        ("quoted-printable 76n 999999999999999999", "shorter"),
        ("quoted-printable 76n 4:abcd", "shorter"),
        ("quoted-printable 76n 2 .", "longer"),
    ],
)
def test_content_that_does_not_fit(recipe: str, message: str) -> None:
    """Content that ends too early or goes on is noticed."""
    with pytest.raises(StrippedMailError, match=message):
        b"".join(rebuild(recipe, [b"abc"]))


@given(
    st.lists(
        st.sampled_from([b"a", b"=", b" ", b"\t", b"\xe9", b"\r", b"\n", b"\r\n", b".", b"!", b"word " * 20]),
        max_size=80,
    ),
    st.sampled_from([b"\n", b"\r\n"]),
    st.integers(16, 90),
    st.booleans(),
    st.sampled_from([b"", b"!", b"\t ", b".\xe9"]),
)
def test_encodes_as_documented(
    tokens: list[bytes], line_break: bytes, width: int, shorter: bool, changed: bytes
) -> None:
    """The bulk encoder does what a plain reading of `docs/stripping.md` does."""
    rule = Rule(width, shorter, line_break, changed)
    content = b"".join(tokens)
    assert rule.encode(content) == encode(content, rule)
    last = content.split(line_break)[-1]
    whole = content.removesuffix(last)
    assert rule.encode(content, broken=True) == encode(whole, rule) + encode_line(last, rule, broken=True) + line_break


@given(
    st.lists(st.sampled_from([b"a", b"=", b" ", b"\r", b"\n", b"\r\n", b"word " * 5]), max_size=80),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
)
@example([b"a" * 15, b"\r\n"], b"\r\n", False)
@example([b"a" * 14, b" \n"], b"\n", False)
def test_what_follows_changes_no_decided_line(tokens: list[bytes], line_break: bytes, shorter: bool) -> None:
    """Wherever content is cut, the lines that are said to be decided are those of all of it."""
    rule = Rule(16, shorter, line_break, b"")
    content = b"".join(tokens)
    whole = rule.encode(content)
    for cut in range(len(content) + 1):
        assert whole.startswith(encode_decided(rule, content[:cut]))


@given(bodies(TOKENS, most_repeats=60), piece_sizes)
def test_any_body_comes_back(body: bytes, sizes: list[int]) -> None:
    """Behind each piece, recipe and pending bytes are the body so far; the recipe is the same for every split."""
    whole, _ = record_pieces("quoted-printable", [body])
    pieces, _ = record_pieces("quoted-printable", split(body, sizes), check_each=len(body) < 2000)
    assert pieces.failed == whole.failed
    if not whole.failed:
        assert pieces.recipe == whole.recipe


@given(bodies(TOKENS, most_repeats=20), piece_sizes)
def test_any_body_has_a_recipe(body: bytes, sizes: list[int]) -> None:
    """But for its length no recipe fails: every body that the decoder can read can be said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoted_printable_recorder, "MAX_RECIPE", 1 << 30)
        patch.setattr(rebuilding, "MAX_RECIPE", 1 << 30)
        patch.setattr(quoted_printable_recorder, "is_mostly_patches", lambda *_: False)
        recorder, content = record_pieces("quoted-printable", split(body, sizes))
        assert not recorder.failed
        assert take_back(recorder, [content]) == body


@given(st.binary(max_size=3000))
def test_what_the_standard_library_writes(content: bytes) -> None:
    """Of any content that `binascii` encodes as text, all comes back."""
    record_pieces("quoted-printable", [b2a_qp(content)])
