# ruff: noqa: RUF001 (letters of other scripts are the point)
"""The mail that parsers are afraid of: rare by the book, or simply broken. Every mailbox has some.

What is wrong with each is said where it is made. None is hostile; each is something that mail programs,
gateways and tired scripts really send.
"""

from __future__ import annotations

from samples.files import pdf, png
from samples.letters import JONAS, MARTA, MONITOR, NIKOS, WEI, Letter, Person, letter
from samples.wire import attachment, base64_lines, crlf, embedded, entity, multipart, text, uuencode

_GREEK = Person("Ελένη", "ελένη@lantern.example.org", charset="utf-8", encoding="B", offset=2)


def rare() -> list[Letter]:
    """Valid, and seldom seen."""
    internationalized = letter(
        "utf8-header",
        "2024-03-07 12:00",
        _GREEK,
        MARTA,
        "placeholder",
        text("Το ταχυδρομείο μας μιλάει πια ελληνικά.\n"),
    )
    # RFC 6532: the header is UTF-8 as it stands, local part and all.
    data = internationalized.data.replace(_GREEK.mailbox.encode("utf-8"), "Ελένη <ελένη@lantern.example.org>".encode())
    internationalized = internationalized.with_data(
        data.replace(b"Subject: placeholder", "Subject: Καλημέρα, 東京, мир".encode())
    )
    old_style = letter(
        "uuencoded",
        "2024-03-21 23:10",
        JONAS,
        MARTA,
        "the old floppy",
        entity(
            "text/plain; charset=us-ascii",
            b"Found it. Ed the typesetter still uses this:\n\n"
            + uuencode(b"Chapter 1\r\n\r\nThe salt came in on Mondays.\r\n" * 8, "CHAPTER1.TXT")
            + b"\n",
            [("Content-Transfer-Encoding", "x-uuencode")],
        ),
    )
    return [
        internationalized,
        old_style,
        letter(
            "gb2312",
            "2024-08-02 10:30",
            WEI,
            MARTA,
            "关于《盐路》中文版",
            text("玛尔塔您好，\n\n我们想出版中文版。\n\n王伟\n", charset="gb2312"),
        ),
        letter(
            "attachment-only",
            "2024-08-05 07:00",
            NIKOS,
            MARTA,
            "IMG_2041",
            attachment("image/png", png(64, 48, seed=31), "IMG_2041.png"),
        ),
        _crlf(
            letter(
                "crlf-message",
                "2024-08-06 16:20",
                WEI,
                MARTA,
                "Line endings",
                multipart(
                    "mixed",
                    "crlf-1",
                    [text("This one came with CRLF.\n"), attachment("text/csv", b"a;b\r\n1;2\r\n", "ab.csv")],
                ),
            )
        ),
        letter("empty-body", "2024-08-07 08:00", JONAS, MARTA, "(ferry at 8, back on Friday)", text("")),
    ]


def _crlf(item: Letter) -> Letter:
    return item.with_data(crlf(item.data))


def malformed() -> list[Letter]:
    """Broken, each in one way, as the backup monitor and a web form send them."""
    report = pdf("Backup report", ["All volumes saved.", "Next run: tonight."])
    encoded = base64_lines(report)

    def broken(slug: str, when: str, subject: str, content: bytes) -> Letter:
        return letter(slug, f"2024-{when}", MONITOR, MARTA, subject, content)

    two = [text("The report is attached.\n"), attachment("application/pdf", report, "report.pdf")]
    good = multipart("mixed", "monitor-1", two)
    junk = encoded[:400] + b"\n*** this line was added by a helpful gateway ***\n" + encoded[400:]
    base64_fields = [
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", 'attachment; filename="report.pdf"'),
    ]
    return [
        # The script died before it wrote the close-delimiter.
        broken(
            "missing-close-delimiter",
            "09-01 03:00",
            "Backup 1 of 9",
            multipart("mixed", "monitor-0", two, close=False),
        ),
        # Somebody removed the parameters of Content-Type.
        broken("missing-boundary", "09-02 03:00", "Backup 2 of 9", good.replace(b'; boundary="monitor-1"', b"")),
        # The blank line between header and body is missing.
        broken(
            "no-blank-line-after-header",
            "09-03 03:00",
            "Backup 3 of 9",
            b"Content-Type: text/plain; charset=us-ascii\nAll volumes saved. (The blank line was not.)\n",
        ),
        # A gateway wrote its own line into base64.
        broken(
            "base64-junk",
            "09-04 03:00",
            "Backup 4 of 9",
            multipart("mixed", "monitor-4", [two[0], entity("application/pdf", junk, base64_fields)]),
        ),
        # Base64 that stops in the middle of a group.
        broken(
            "base64-truncated",
            "09-05 03:00",
            "Backup 5 of 9",
            multipart("mixed", "monitor-5", [two[0], entity("application/pdf", encoded[:301], base64_fields)]),
        ),
        # A charset that nobody knows, an escape that is none, and a date that never was.
        broken(
            "unknown-charset",
            "09-06 03:00",
            "Backup 6 of 9",
            entity(
                "text/plain; charset=x-monitor-8",
                b"Volume sizes: =ZZ, =E9, 100 %=",
                [("Content-Transfer-Encoding", "quoted-printable")],
            ),
        ),
        _with_date(
            broken("invalid-date", "09-07 03:00", "Backup 7 of 9", text("The clock has been repaired.\n")),
            b"Sometime, 31 Feb 2024 25:61",
        ),
        # A line that only begins with the delimiter, and a message whose transfer encoding is not allowed.
        broken(
            "delimiter-with-trailing-bytes",
            "09-08 03:00",
            "Backup 8 of 9",
            multipart("mixed", "monitor-8", [text("--monitor-8 is not a delimiter here\n"), two[1]]),
        ),
        broken(
            "encoded-message",
            "09-09 03:00",
            "Backup 9 of 9",
            multipart(
                "mixed",
                "monitor-9",
                [
                    two[0],
                    entity(
                        "message/rfc822",
                        base64_lines(b"Subject: the last report\n\nAll volumes saved.\n"),
                        [("Content-Transfer-Encoding", "base64")],
                    ),
                ],
            ),
        ),
        # Raw Latin-1 in the header, and a part without any header.
        _latin1(
            broken(
                "raw-latin1-header",
                "09-10 03:00",
                "Sauvegarde terminee",
                multipart("mixed", "monitor-10", [b"\nNo header at all.", embedded(b"\nNot here either.\n")]),
            )
        ),
    ]


def _with_date(item: Letter, date: bytes) -> Letter:
    before, _, rest = item.data.partition(b"\nDate: ")
    return item.with_data(before + b"\nDate: " + date + b"\n" + rest.partition(b"\n")[2])


def _latin1(item: Letter) -> Letter:
    return item.with_data(item.data.replace(b"terminee", b"termin\xe9e"))
