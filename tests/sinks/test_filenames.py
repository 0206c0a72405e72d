import itertools
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailstrata.sinks.extensions import extension_for
from mailstrata.sinks.filenames import MAX_NAME_BYTES, UniqueNames, safe_filename, safe_name, split_extension

DEVICES = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    port + digit for port in ("COM", "LPT") for digit in "0123456789\u00b9\u00b2\u00b3"
}

# Characters that mean something to some system, so that random names are hostile more often than not.
HOSTILE = st.sampled_from(
    [
        *'/\\:*?"<>|.-~ \t\r\n\x00\x1f\x7f\x85',
        *("..", "CON", "nul", "COM\u00b9", ".tar.gz", ".pdf", "C:", "::$DATA", "A" * 200, "\u00e4" * 90),
        *"\u202e\u200b\u200d\ufeff\u2028\u00a0\ud800\udcff\u0301\u0345\u1100\u1161\U0001f600\U000e0041",
        *"\ufdd0\uffff\u3164\u0130",
    ]
)
NAMES = st.one_of(st.text(), st.lists(st.one_of(HOSTILE, st.text(max_size=5)), max_size=12).map("".join))


def assert_safe(name: str, max_bytes: int = MAX_NAME_BYTES) -> None:
    """The rules of the systems, written down a second time and otherwise than in the code under test."""
    assert 1 <= len(name.encode("utf-8")) <= max_bytes  # encodes, so there is no lone surrogate
    assert name not in (".", "..")
    assert not set(name) & set('<>:"/\\|?*')
    assert not name.startswith((".", "-", " "))
    assert not name.endswith((".", " "))
    assert unicodedata.is_normalized("NFC", name)
    for character in name:
        assert unicodedata.category(character) not in {"Cc", "Cs", "Cn", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
        assert character == " " or not character.isspace()
        assert character not in "\u00ad\u200b\u200c\u200d\u200e\u200f\u061c\u2060\ufeff\u3164"
    assert name.partition(".")[0].rstrip(" ").upper() not in DEVICES


@given(NAMES)
@example("CON.txt")
@example("COM\u00b9")
@example("lpt\u00b3 .tar.gz")
@example("e\u200b\u0301.txt")
@example("." * 300 + "x")
@example("CON" + "." * 300 + "pdf")
@example("\u0301" * 300)
@example("a" + " " * 300 + ".pdf")
def test_any_text_becomes_a_name_that_every_system_can_hold(name: str) -> None:
    """Whatever is declared, the result breaks no rule of Linux, Windows or macOS."""
    assert_safe(safe_filename(name))


@given(NAMES, st.integers(32, 300))
def test_a_safe_name_is_left_as_it_is(name: str, max_bytes: int) -> None:
    """Making a name safe twice gives what making it safe once gave, at any length limit."""
    once = safe_filename(name, max_bytes=max_bytes)
    assert_safe(once, max_bytes)
    assert safe_filename(once, max_bytes=max_bytes) == once


@given(NAMES, st.text(max_size=20))
def test_stems_and_types_are_not_trusted_either(stem: str, content_type: str) -> None:
    """The stand-in for a missing name is made safe too, whatever stem and content type it is made from."""
    assert_safe(safe_filename(None, content_type=content_type, stem=stem))


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "Quarterly report (final).docx",
        "r\u00e9sum\u00e9.odt",
        "\u5831\u544a\u66f8 2024.xlsx",
        "archive.tar.gz",
        "a,b+c=d_e-f.txt",
        "console.log",
        "COM10.txt",
        "it's & that; $5 [x] {y} #1 @home 100% ~.txt",
        "\U0001f600.png",
    ],
)
def test_ordinary_names_are_kept(name: str) -> None:
    """A name that is safe already comes back unchanged, so that people recognise it."""
    assert safe_filename(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("\\\\server\\share\\report.pdf", "report.pdf"),
        ("C:report.pdf", "C_report.pdf"),
        ("folder/report.pdf/", "report.pdf"),
        ("folder/..", "folder"),
        ("a.txt::$DATA", "a.txt__$DATA"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("NUL.tar.gz", "_NUL.tar.gz"),
        ("aux .h", "_aux .h"),
        ("COM\u00b9.log", "_COM\u00b9.log"),
        ("LPT\u00b2", "_LPT\u00b2"),
        ("CONOUT$", "_CONOUT$"),
        ("report.pdf...", "report.pdf"),
        ("report.pdf . .", "report.pdf"),
        ("  report.pdf  ", "report.pdf"),
        (".htaccess", "_htaccess"),
        ("-rf", "_rf"),
        ("--checkpoint-action=exec", "_checkpoint-action=exec"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("pay\u200bload.exe", "payload.exe"),
        ("a\u2066b\u2069.txt", "ab.txt"),
        ("e\u200b\u0301.txt", "\u00e9.txt"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("\u0301x.txt", "_\u0301x.txt"),
        ("a\x00b.exe", "a_b.exe"),
        ("a\x1b[31mb.txt", "a_[31mb.txt"),
        ("a\x7f\x80b.txt", "a__b.txt"),
        ("long\r\n\tfolded   name.txt", "long folded name.txt"),
        ("no\u00a0break.txt", "no break.txt"),
        ("what? *now*.txt", "what_ _now_.txt"),
        ("\udcff\ud800.txt", "__.txt"),
        ("un\uffffassigned.txt", "un_assigned.txt"),
    ],
)
def test_each_trick_is_defused(name: str, expected: str) -> None:
    """Traversal, devices, streams, options, invisible and control characters: each gives a recognisable
    name."""
    assert safe_filename(name) == expected


@pytest.mark.parametrize(
    "name", [None, "", ".", "..", "...", " . .", "/", "../..", "\\", "---", "_", "\u202e", "\u3164 "]
)
def test_a_name_that_says_nothing_is_made_from_stem_and_type(name: str | None) -> None:
    """Where nothing is left of a name, the stem and the extension of the content type stand in."""
    assert safe_filename(name, content_type="application/pdf", stem="part-1.2") == "part-1.2.pdf"


@pytest.mark.parametrize("extension", [".pdf", ".tar.gz", ".numbers", ""])
@pytest.mark.parametrize("letter", ["a", "\u00e4", "\u5831", "\U0001f600", "."])
def test_a_long_name_is_cut_at_a_character_and_keeps_its_extension(letter: str, extension: str) -> None:
    """A name over the limit ends at a whole character, close to the limit, with its extension in place."""
    name = safe_filename("x" + letter * 400 + "y" + extension, max_bytes=200)
    assert name.endswith(extension)
    assert len(name.encode()) <= 200
    if letter != ".":
        assert len(name.encode()) > 200 - len(letter.encode())
        assert set(name.removesuffix(extension)) == {"x", letter}


def test_a_name_of_a_megabyte_costs_no_more_than_reading_it() -> None:
    """A run of combining characters, on which normalising is quadratic, is cut before it is normalised."""
    assert_safe(safe_filename("\u0345\u0301" * 500_000 + ".pdf"))


def test_a_limit_too_small_for_an_extension_is_refused() -> None:
    """A wrong call is an error, not a name without room for its stem."""
    with pytest.raises(ValueError, match="at least 32"):
        safe_filename("a", max_bytes=31)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/plain", ".txt"),
        ("text/html", ".html"),
        ("text/x-unheard-of", ".txt"),
        ("image/jpeg", ".jpg"),
        ("image/x-unheard-of", ".bin"),
        ("message/rfc822", ".eml"),
        ("application/octet-stream", ".bin"),
        ("application/x-unheard-of+xml", ".xml"),
        ("application/problem+json", ".json"),
        ("application/x-unheard-of", ".bin"),
        ("", ".bin"),
    ],
)
def test_extension_of_a_type(content_type: str, expected: str) -> None:
    """Types have their usual extension, unknown ones that of their syntax or family."""
    assert extension_for(content_type) == expected


@pytest.mark.parametrize(
    ("name", "stem", "extension"),
    [
        ("report.pdf", "report", ".pdf"),
        ("backup.tar.gz", "backup", ".tar.gz"),
        (".tar.gz", ".tar", ".gz"),
        ("README", "README", ""),
        (".profile", ".profile", ""),
        ("Mr. Smith", "Mr. Smith", ""),
        ("Dear Mr.Smith and all the others", "Dear Mr.Smith and all the others", ""),
        ("a." + "b" * 40, "a." + "b" * 40, ""),
    ],
)
def test_split_extension(name: str, stem: str, extension: str) -> None:
    """What follows the last dot is an extension only if it is short and one word."""
    assert split_extension(name) == (stem, extension)


class FakePart:
    filename: str | None = None
    content_type = "text/calendar"
    path = "1.2.1"


def test_safe_name_of_a_part() -> None:
    """A part without a name is called after its path and type, one with a name by that."""
    part = FakePart()
    assert safe_name(part) == "part-1.2.1.ics"
    part.filename = "../meeting.ics"
    assert safe_name(part) == "meeting.ics"


def test_names_in_use_are_numbered_before_the_extension() -> None:
    """The same name twice, names that differ only in case, and names equal in another form of Unicode are
    told apart, also from names that look numbered already."""
    names = UniqueNames()
    given = [
        "report.pdf",
        "report.pdf",
        "REPORT.pdf",
        "report (3).pdf",
        "report.pdf",
        "a.tar.gz",
        "A.tar.gz",
        "x",
        "x",
    ]
    taken = [names.take(name) for name in given]
    assert taken == [
        "report.pdf",
        "report (2).pdf",
        "REPORT (3).pdf",
        "report (3) (2).pdf",
        "report (4).pdf",
        "a.tar.gz",
        "A (2).tar.gz",
        "x",
        "x (2)",
    ]
    assert [names.take("\u00e9"), names.take("e\u0301")] == ["\u00e9", "e\u0301 (2)"]
    assert len(names) == len(given) + 2


@given(
    st.lists(st.one_of(NAMES, st.sampled_from(["a.txt", "A.TXT", "a (2).txt", "\u00df", "ss", "SS", "\u0131", "I"])))
)
def test_unique_names_are_safe_and_differ_on_every_filesystem(names: list[str]) -> None:
    """Numbered names are still safe, and no two are equal under any folding of case and form that is in
    use."""
    unique = UniqueNames()
    taken = [unique.take(safe_filename(name)) for name in names]
    for name in taken:
        assert_safe(name)
        assert safe_filename(name) == name
    for form, fold in itertools.product(("NFC", "NFD"), (str, str.lower, str.upper, str.casefold)):
        assert len({unicodedata.normalize(form, fold(name)) for name in taken}) == len(taken)


def test_numbering_is_linear() -> None:
    """Thousands of long names that are cut to the same stem, each twice, do not try each other's numbers: the
    number of each is near its place."""
    unique = UniqueNames()
    count = 3000
    long_names = [f"{'n' * 240}{index:05}.pdf" for index in range(count)]
    for name in long_names:
        assert unique.take(name) == name
    tries = _count_candidates(unique, long_names)
    assert tries <= 2 * count


def _count_candidates(unique: UniqueNames, names: list[str]) -> int:
    class CountingSet(set[str]):
        asked = 0

        def __contains__(self, item: object) -> bool:
            type(self).asked += 1
            return super().__contains__(item)

    unique._taken = CountingSet(unique._taken)
    for name in names:
        unique.take(name)
    return CountingSet.asked
