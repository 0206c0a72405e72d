"""The everyday mail of the house: invoices, orders, newsletters, the list digest, reports."""

from __future__ import annotations

from functools import cache

from samples.files import pdf, png, xlsx, zip_file
from samples.letters import (
    AMARA,
    CORNER,
    DARYA,
    HARBOUR,
    JONAS,
    MARTA,
    NIKOS,
    TRADE,
    WEI,
    Letter,
    Person,
    letter,
)
from samples.wire import attachment, embedded, entity, header, multipart, quoted_printable, text

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
)  # fmt: skip
_TITLES = ("The Salt Road", "Night Ferry", "A Field Guide to Fog", "Letters from the Weir", "Eleven Keys")


@cache
def terms() -> bytes:
    """The printer's terms of business: the same file with every invoice."""
    clauses = [f"{n}. Goods remain the property of the printworks until paid for in full." for n in range(1, 30)]
    return pdf("Terms of business", clauses)


@cache
def logo() -> bytes:
    """The picture at the head of every newsletter."""
    return png(96, 32, seed=1)


def invoices() -> list[Letter]:
    """One invoice a month, each with the same terms of business."""
    letters = []
    for number, month in enumerate(_MONTHS, start=1):
        copies = 400 + 150 * (number * 7 % 5)
        total = 1180 + 2 * copies
        title = _TITLES[number % len(_TITLES)]
        bill = pdf(
            f"Invoice 2024-{100 + number}",
            [f"{month} 2024", f"{copies} copies of {title}", f"Total: {total}.00 EUR", "Due within 30 days"],
        )
        words = (
            f"Dear customer,\n\nplease find attached our invoice 2024-{100 + number} for {copies} copies of\n"
            f'"{title}", {total}.00 EUR, due within 30 days.\n\nHarbour Printworks\n'
        )
        parts = [
            text(words),
            attachment("application/pdf", bill, f"invoice-2024-{100 + number}.pdf"),
            attachment("application/pdf", terms(), "terms-of-business.pdf"),
        ]
        letters.append(
            letter(
                f"invoice-{number:02}",
                f"2024-{number:02}-05 06:{10 + number}",
                HARBOUR,
                AMARA,
                f"Invoice 2024-{100 + number}",
                multipart("mixed", f"=_harbour_{number:04}", parts),
                cc=[MARTA],
            )
        )
    return letters


def orders() -> list[Letter]:
    """A bookshop's orders: text and a table, in quoted-printable with soft line breaks, CRLF in the table."""
    letters = []
    for number, month in ((1, "January"), (3, "March"), (5, "May"), (7, "July"), (9, "September")):
        rows = ["title;copies;price"]
        rows += [f"{title};{(number + place * 3) % 9 + 1};{14 + place},90 €" for place, title in enumerate(_TITLES)]
        table = "\r\n".join(rows).encode("utf-8")
        words = (
            f"Hello,\n\nour order for {month} is attached. The café next door asks whether there will be "
            "a second printing of “The Salt Road” before the summer holidays; they would take a dozen for "
            "their window.\n\n"
            "Kind regards from the corner\n"
        )
        csv = entity(
            f'text/csv; charset=utf-8; header=present; name="order-{number:02}.csv"',
            quoted_printable(table.replace(b"\r\n", b"\n")),
            [
                ("Content-Transfer-Encoding", "quoted-printable"),
                ("Content-Disposition", f'attachment; filename="order-{number:02}.csv"'),
            ],
        )
        parts = [text(words, encoding="quoted-printable"), csv]
        letters.append(
            letter(
                f"order-{number:02}",
                f"2024-{number:02}-11 10:0{number}",
                CORNER,
                MARTA,
                f"Order for {month}: 5 titles",
                multipart("mixed", f"----=_Part_{number}_77123.1704{number:04}", parts),
            )
        )
    return letters


def newsletters() -> list[Letter]:
    """Newsletters as most are sent: alternatives, the HTML one with an inline picture."""
    letters = []
    for issue, (day, headline) in enumerate(
        (
            ("2024-01-19", "Paper prices level out"),
            ("2024-02-16", "What translators earn"),
            ("2024-03-15", "The fair, in short"),
            ("2024-05-17", "Small houses, long lists"),
            ("2024-07-19", "Summer reading"),
            ("2024-09-20", "Autumn catalogues compared"),
        ),
        start=1,
    ):
        plain = f"{headline}\n{'=' * len(headline)}\n\nRead on: https://trade.example.org/{issue}\n"
        html = (
            f'<html><body><img src="cid:logo@trade.example.org" alt=""><h1>{headline}</h1>'
            f'<p>Read on: <a href="https://trade.example.org/{issue}">issue {issue}</a> &mdash; in short, '
            "margins are thin and everybody is cheerful about it.</p></body></html>\n"
        )
        related = multipart(
            "related",
            f"rel-{issue}",
            [
                text(html, subtype="html", encoding="quoted-printable"),
                attachment("image/png", logo(), "logo.png", disposition="inline", content_id="logo@trade.example.org"),
            ],
            parameters='; type="text/html"',
        )
        letters.append(
            letter(
                f"newsletter-{issue}",
                f"{day} 16:00",
                TRADE,
                MARTA,
                f"Book Trade Weekly: {headline}",
                multipart("alternative", f"alt-{issue}", [text(plain), related]),
                extra=[
                    ("List-Id", "Book Trade Weekly <weekly.trade.example.org>"),
                    ("List-Unsubscribe", "<https://trade.example.org/leave>"),
                    ("Precedence", "bulk"),
                ],
            )
        )
    return letters


def _short(sender: Person, subject: str, words: str) -> bytes:
    """A message inside a digest."""
    fields = [
        ("From", sender.mailbox),
        ("Subject", subject),
        ("Date", "Mon, 04 Mar 2024 09:00:00 +0000"),
        ("Message-ID", f"<{sum(words.encode())}.digest@lists.example.org>"),
    ]
    return header(fields) + b"\n" + words.encode("ascii")


def digests() -> list[Letter]:
    """A mailing list's digest: parts without a header of their own are messages (RFC 2046, 5.1.5)."""
    talk = [
        _short(NIKOS, "Cover photographs", "Who pays for the rights after a second printing?"),
        _short(WEI, "Re: Cover photographs", "Here it is the publisher, always."),
        _short(DARYA, "Endpapers", "Hand-marbled, or printed? I have samples of both."),
    ]
    letters = []
    for number, day in ((1, "2024-03-04"), (2, "2024-06-03")):
        inside = multipart("digest", f"digest-{number}-items", [b"\n" + item for item in talk[: number + 1]])
        top = text(f"Small Publishers digest, number {number}\n\nToday's topics are below.\n")
        parts = [top, inside, text("End of digest\n")]
        letters.append(
            letter(
                f"digest-{number}",
                f"{day} 20:00",
                TRADE,
                MARTA,
                f"Small Publishers digest, Vol 9, Issue {number}",
                multipart("mixed", f"digest-{number}", parts, preamble=b"This is a digest in MIME format."),
                extra=[("List-Id", "<small-publishers.lists.example.org>")],
            )
        )
    return letters


def reports() -> list[Letter]:
    """A royalties table, a zip of proofs, and mail that came back."""
    rows: list[list[str | int]] = [["Title", "Copies", "Royalty EUR"]]
    rows += [[title, 310 + 90 * place, 465 + 135 * place] for place, title in enumerate(_TITLES)]
    royalties = letter(
        "royalties",
        "2024-07-02 11:45",
        AMARA,
        [MARTA, JONAS],
        "Royalties, first half of 2024",
        multipart(
            "mixed",
            "_000_royalties_",
            [
                text("Both,\n\nthe figures for the first half year. The ferry does well.\n\nAmara\n"),
                attachment(
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    xlsx(rows),
                    "royalties-2024-1.xlsx",
                ),
            ],
        ),
    )
    proofs = zip_file(
        {
            f"proofs/page-{n:02}.txt": (f"The Salt Road, page {n}\n" + "Salt, then sky. " * 30).encode()
            for n in range(1, 9)
        }
    )
    proof_mail = letter(
        "proofs",
        "2024-05-27 17:20",
        HARBOUR,
        [MARTA, JONAS],
        "Proofs of The Salt Road",
        multipart(
            "mixed",
            "=_harbour_proofs",
            [
                text("The proofs. Please return them by Thursday.\n"),
                attachment("application/zip", proofs, "proofs.zip"),
            ],
        ),
    )
    status = (
        b"Reporting-MTA: dns; mail.lantern.example.org\n"
        b"\n"
        b"Final-Recipient: rfc822; nobody@corner.example.com\nAction: failed\nStatus: 5.1.1"
    )
    returned = header([("From", MARTA.mailbox), ("To", "nobody@corner.example.com"), ("Subject", "Window display")])
    bounce = letter(
        "bounce",
        "2024-05-13 08:02",
        Person("Mail Delivery System", "postmaster@lantern.example.org", mailer=""),
        MARTA,
        "Undelivered Mail Returned to Sender",
        multipart(
            "report",
            "bounce-5.1.1",
            [
                text("Your message could not be delivered: no such user.\n"),
                entity("message/delivery-status", status),
                embedded(returned + b"\nWould you like the big poster?\n"),
            ],
            parameters="; report-type=delivery-status",
        ),
        extra=[("Auto-Submitted", "auto-replied")],
    )
    return [royalties, proof_mail, bounce]
