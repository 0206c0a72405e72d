"""Text from bytes and whatever mail says of their charset."""

# ruff: noqa: RUF001 - letters of other scripts are what is tested

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailstrata.message.charsets import SAMPLE_BYTES, TextDecoder, decode, guess_codec, read_text

LABELS = [
    None, "x-unknown", "utf-8", "us-ascii", "iso-8859-1", "windows-1252", "iso-2022-jp", "iso-2022-kr", "shift_jis",
    "euc-jp", "gb2312", "big5", "big5-hkscs", "euc-kr", "johab", "hz-gb-2312", "utf-7", "utf-16", "utf-16be", "utf-32",
    "koi8-r", "iso-8859-8-i", "cp037", "base64", "unicode_escape", "no-such-charset",
]  # fmt: skip


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        (None, b"plain", "plain"),
        (None, "grün".encode(), "grün"),
        (None, b"\x93gr\xfcn\x94", "“grün”"),
        (None, b"gr\xfcn \x81", "grün \ufffd"),
        (None, b"gr\xc3", "grÃ"),
        (None, "日本語".encode("iso-2022-jp"), "日本語"),
        (None, b"\x1b[31mred", "\x1b[31mred"),
        (None, "한국어".encode("iso-2022-kr"), "한국어"),
        ("us-ascii", "grün".encode(), "grün"),
        ("iso-8859-1", b"\x80 \xe4", "€ ä"),
        ("iso-8859-1", "€ ä".encode(), "€ ä"),
        ("utf-8", b"gr\xfcn", "gr\ufffdn"),
        ("utf-8", b"\xed\xa0\x80", "\ufffd" * 3),
        ("utf-8", b"\xef\xbb\xbfa", "a"),
        (None, b"\xef\xbb\xbf\xc3\xa4", "ä"),
        (None, b"a\xef\xbb\xbf\xc3\xa4", "a\ufeffä"),
        ("utf-16", b"\xff\xfea\0", "a"),
        ("utf-16", b"\xfe\xff\0a", "a"),
        ("utf-16", b"a\0b\0", "ab"),
        ("utf-16", b"\0a\0b", "ab"),
        ("utf-16le", b"\0\xd8a\0", "\ufffda"),
        ("utf-16", b"a", "\ufffd"),
        ("utf-32", b"a\0\0\0", "a"),
        ("utf-32", b"\0\0\0a", "a"),
        ("gb2312", "镕".encode("gb18030"), "镕"),
        ("ks_c_5601-1987", "똠".encode("cp949"), "똠"),
        ("shift_jis", "①".encode("cp932"), "①"),
        ("iso-2022-jp", b'\x1b$B-!-j$"\x1b(Bx', "①㈱あx"),
        ("iso-2022-jp", b"\x1b(I1\x1b(B\xff", "ｱ\ufffd"),
        ("iso-2022-jp", b"\x1b$B$", "\ufffd"),
        ("iso-2022-jp", b"\x1b$Bu!\x1b(Bb", "\ufffdb"),
        ("euc-jp", b"\xad\xa1\xa4\xa2\xad", "①あ\ufffd"),
        ("euc-jp", b"\xf5\xa1b\xff", "\ufffdb\ufffd"),
        ("big5", "裏碁".encode("cp950"), "裏碁"),
        ("iso-8859-9", b"\x93\xfd\x94", "“ı”"),
        ("tis-620", b"\x93\xa1\x94", "“ก”"),
    ],
)  # fmt: skip
def test_decoding(label, data, text):
    """A label's text, the guess without one, byte order marks, and U+FFFD for what cannot be decoded."""
    assert decode(data, label) == text


def test_the_guess_is_made_from_a_sample():
    """A character that the sample's end cuts in two is no evidence against UTF-8, unless nothing follows it."""
    cut = "ä".encode() * (SAMPLE_BYTES // 2) + b"\xc3"
    assert guess_codec(cut[1:][:SAMPLE_BYTES], complete=False, latin=True) == "cp1252"
    assert guess_codec(cut[-SAMPLE_BYTES + 1 :], complete=False, latin=True) == "utf_8"
    assert guess_codec(cut[-SAMPLE_BYTES + 1 :], complete=True, latin=True) == "cp1252"


def test_a_long_text_without_a_label():
    """What follows the sample is decoded as the sample was; what precedes it in ASCII does not count."""
    text = "a" * 100_000 + "ä" * SAMPLE_BYTES
    assert decode(text.encode(), None) == text
    assert decode(text.encode() + b"\xff", None) == text + "\ufffd"
    assert decode(text.encode("cp1252"), "iso-8859-1") == text


RUSSIAN = "Уважаемые коллеги, направляем вам договор на подпись и просим вернуть его до конца недели."
GERMAN = "Sehr geehrte Damen und Herren, anbei übersenden wir Ihnen die gewünschten Unterlagen für die Prüfung."


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        ("Αγαπητοί συνεργάτες, σας αποστέλλουμε το συμβόλαιο προς υπογραφή μέχρι το τέλος της εβδομάδας.", "cp1253"),
        ("尊敬的客户，随信附上已签署的合同，请在本周末之前寄回一份。此致敬礼，销售部。", "gb18030"),
        ("敬愛的客戶，隨信附上已簽署的合約，請在本週末之前寄回一份。此致敬禮，業務部。", "cp950"),
        ("いつもお世話になっております。契約書を添付いたしますので、ご返送ください。", "cp932"),
        ("안녕하십니까. 서명된 계약서를 첨부하오니 이번 주말까지 한 부를 반송하여 주시기 바랍니다.", "cp949"),
        (GERMAN, "cp1252"),
    ],
)
@pytest.mark.parametrize("label", [None, "x-unknown", "us-ascii"])
def test_guesses_by_the_frequency_of_letters(text, codec, label):
    """Without a label that says anything, the script is told by its letters; and it is said that this was a guess."""
    read = read_text(text.encode(codec), label)
    assert (read.text, read.is_guessed) == (text, True)


@pytest.mark.parametrize(
    ("data", "label", "codec", "is_guessed"),
    [
        (b"plain", None, "ascii", False),
        (b"plain", "x-unknown", "ascii", False),
        (GERMAN.encode("cp1252"), "iso-8859-1", "cp1252", False),
        (RUSSIAN.encode("cp1251"), "iso-8859-1", "cp1252", False),
        (GERMAN.encode(), "iso-8859-1", "utf_8", True),
        (GERMAN.encode(), "utf-8", "utf_8", False),
        (GERMAN.encode("cp1252"), "utf-8", "utf_8", False),
        (GERMAN.encode(), None, "utf_8", True),
        (b'\x1b$B$"\x1b(B', None, "iso2022_jp_ext", True),
    ],
)
def test_how_a_text_came_about(data, label, codec, is_guessed):
    """The label is believed where it names a charset; plain ASCII is no guess; UTF-8 under ISO 8859-1 is one."""
    read = read_text(data, label)
    assert (read.codec, read.is_guessed) == (codec, is_guessed)
    assert read.text == decode(data, label)


@pytest.mark.parametrize(
    "text",
    [
        # fewer than five bytes outside ASCII
        "Müller", "Sørensen", "Peña, Señor ñáéí", "äöüß", "ÆØÅ æ",
        # fewer than four different ones
        "®®®®® Acme ®®®®®", "°C °F °C °F °C °F", "÷÷÷÷÷÷÷÷", "\xad" * 12,
        # what the statistics name has no such characters
        "theöö ç items © on  on••  the©©  items of the  on · page··· the©©  items©©  on  the pageßß",
    ],
)  # fmt: skip
def test_where_statistics_are_not_believed(text):
    """A name, bullets and signs say little of a language; windows-1252 is the likeliest by far."""
    read = read_text(text.encode("cp1252"), None)
    assert (read.text, read.codec, read.is_guessed) == (text, "cp1252", True)


def test_ascii_is_not_held_back():
    """Plain text comes out as it is fed; only what might be another charset waits, and only for a sample's worth."""
    decoder = TextDecoder(None)
    assert decoder.feed(b"plain ") == "plain "
    assert decoder.feed(b"gr\xc3") == "gr"
    assert decoder.feed(b"\xbcn") == ""
    assert len(decoder.feed(b"x" * SAMPLE_BYTES)) == SAMPLE_BYTES + 2
    assert decoder.feed(b"\xc3\xa4") == "ä"
    assert decoder.close() == ""


@pytest.mark.parametrize("label", ["iso-2022-jp", "iso-2022-jp-2", "iso-2022-kr"])
def test_an_escape_sequence_that_never_ends(label):
    """Python's own incremental decoders raise when they are fed one byte by byte."""
    decoder = TextDecoder(label)
    data = b"a\x1b" + b"$(" * 20 + b"b"
    text = "".join(decoder.feed(bytes((byte,))) for byte in data) + decoder.close()
    assert text == decode(data, label)
    assert (text[0], text[-1]) == ("a", "b")


_ESCAPES = st.sampled_from(
    [b"\x1b", b"$", b"(", b")", b"B", b"J", b"@", b"I", b"C", b"~{", b"~}", b"+", b"-", b"\0", b"\xd8", b"\xff\xfe",
     b"\xef\xbb\xbf", b"\xc3", b"\xa4", b"\x81", b"0", b"\x0e", b"\x0f", b"ab", b"\n", b" "]
)  # fmt: skip
_DATA = st.one_of(st.binary(), st.lists(_ESCAPES, max_size=40).map(b"".join))


@given(st.sampled_from(LABELS), _DATA, st.data())
def test_the_split_never_changes_the_text(label, data, draw):
    """Fed in any pieces, down to single bytes, a text is what `decode` makes of it, and valid Unicode."""
    text = decode(data, label)
    text.encode("utf-8")
    decoder = TextDecoder(label)
    pieces = []
    position = 0
    while position < len(data):
        size = draw.draw(st.integers(1, 8))
        pieces.append(decoder.feed(data[position : position + size]))
        position += size
    pieces.append(decoder.close())
    assert "".join(pieces) == text


@given(st.text(), _DATA)
def test_any_label_gives_text(label, data):
    """Whatever a message claims, there is text without surrogates."""
    decode(data, label).encode("utf-8")


@pytest.mark.parametrize("codec", ["gb18030", "cp932", "cp949", "cp950", "euc_jp", "utf_16_le", "big5hkscs"])
def test_no_surrogates_from_any_pair(codec):
    """All pairs of bytes, and the four-byte forms around the surrogates, decode to valid Unicode."""
    pairs = b"".join(bytes((lead, trail)) for lead in range(256) for trail in range(256))
    fours = b"".join(bytes((0x83, 0x30 | n // 10, m, 0x30 | n % 10)) for n in range(100) for m in range(0x81, 0xFF))
    decode(pairs, codec).encode("utf-8")
    decode(fours, codec).encode("utf-8")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("label", ["utf-7", "iso-2022-jp", None, "hz-gb-2312"])
@pytest.mark.parametrize("data", [b"+", b"+AAAA", b"A", b"\x1b", b"\x1b$B-!", b"~{", b"\xc3"])
def test_hostile_text_takes_linear_time(label, data):
    """Half a megabyte that a decoder would like to hold back, fed in small pieces."""
    decoder = TextDecoder(label)
    data = b"+" + data * (500_000 // len(data))
    for position in range(0, len(data), 1000):
        decoder.feed(data[position : position + 1000])
    decoder.close()


@pytest.mark.parametrize("label", ["iso-2022-jp", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-kr", None])
@pytest.mark.parametrize(
    "shape",
    [
        *(b"&@", b"&A", b"&", b"(", b"($", b".A", b".", b"N", b"$", b"$(", b"$(Z", b"$Z", b"%G", b"$)", b"$-A", b"$/A"),
        *(b"&@\x1b", b"&@\x1b$", b"&@\x1b$B"),
    ],
)
def test_escape_sequences_of_any_shape(label, shape):
    """None raises, however much follows it, and the split does not matter."""
    for text in (b"a" * 20, b"a" * 7, b"a" * 20 + b"\x1b" + shape):
        data = b"\x1b$B\x1b" + shape + text
        whole = read_text(data, label).text
        decoder = TextDecoder(label)
        assert "".join(decoder.feed(data[at : at + 1]) for at in range(len(data))) + decoder.close() == whole


def test_fewest_bytes_of_a_guess():
    """Five bytes, four of them different, are enough."""
    assert guess_codec("Отчет".encode("cp1251"), complete=True) == "cp1251"


@pytest.mark.parametrize(("place", "codec"), [(65_535, "cp1252"), (65_536, "utf_8")])
def test_how_much_a_guess_is_made_from(place, codec):
    """The first 64 KiB from the first byte outside ASCII on, and not a byte more."""
    text = b"plain " + b"\xc3\xa9" + b"a" * (place - 2) + b"\xff" + b"a" * 9
    assert read_text(text, None).codec == codec


@pytest.mark.parametrize("label", ["utf-16le", "utf-16be", "utf-16", None])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_byte_order_mark_of_utf_16(label, codec):
    """It wins over the label, is left out, and tells what text without a label is, as a guess."""
    read = read_text("\N{BYTE ORDER MARK}h\xef".encode(codec), label)
    assert (read.text, read.is_guessed) == ("h\xef", label is None)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_label_that_names_a_byte_order(codec):
    """It is believed where there is no mark."""
    assert read_text("\u0100a".encode(codec), codec.replace("-le", "le").replace("-be", "be")).text == "\u0100a"
