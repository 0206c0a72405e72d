"""How a manuscript becomes a contract, and everyone who wanted a copy of it."""

from __future__ import annotations

from functools import cache

from samples.files import docx, pdf
from samples.letters import AIKO, AMARA, JONAS, MARTA, MARYAM, Letter, letter
from samples.wire import attachment, embedded, entity, multipart, text

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CLAUSES = (
    "1. The author grants the publisher the right to print, publish and sell The Salt Road.",
    "2. The publisher pays an advance of 4,000 EUR, half of it on signature.",
    "3. Royalties are 9 % of the retail price, 12 % from the 3,001st copy on.",
    "4. Translation rights stay with the author and are handled by her agency.",
    "5. The first printing is 2,000 copies and appears no later than 20 June 2024.",
)


@cache
def contract() -> bytes:
    """The contract as it was signed. It is sent around four times."""
    return pdf("Publishing agreement: The Salt Road", [*_CLAUSES, "", "Signed on 12 April 2024: A. Tanaka, M. Holm"])


def letters() -> list[Letter]:
    """From the manuscript to the signed contract, and everyone who wanted a copy of it."""
    proposal = letter(
        "proposal",
        "2024-01-08 15:12",
        AIKO,
        MARTA,
        "「塩の道」の原稿について",
        text(
            "Marta 様\n\n小説「塩の道」の原稿ができました。英語訳も一緒にお送りできます。\n"
            "お返事をお待ちしております。\n\n田中\n",
            charset="iso-2022-jp",
        ),
    )
    answer = letter(
        "proposal-answer",
        "2024-01-09 09:40",
        MARTA,
        AIKO,
        "Re: The Salt Road",
        text("Dear Ms Tanaka,\n\nyes, please! Jonas will read it first, and he reads fast.\n\nMarta Holm\n"),
        answers=proposal,
    )
    draft = letter(
        "contract-draft",
        "2024-03-18 10:30",
        JONAS,
        [MARTA, MARYAM],
        "Draft contract for The Salt Road",
        multipart(
            "mixed",
            "=-evolution-draft",
            [
                text("A first draft, for you both to shoot at.\n\nJonas\n"),
                attachment(_DOCX, docx(["Publishing agreement (DRAFT)", *_CLAUSES[:3]]), "contract-draft-1.docx"),
            ],
        ),
    )
    comments = letter(
        "contract-comments",
        "2024-03-25 13:05",
        MARYAM,
        [JONAS, MARTA],
        "ملاحظات على مسودة العقد",
        multipart(
            "mixed",
            "----=_NextPart_000_0042",
            [
                text(
                    "السيد فيلد،\n\nأضفت بندين في الملف المرفق.\n\nمريم حداد\n",
                    charset="windows-1256",
                    encoding="base64",
                ),
                attachment(
                    _DOCX,
                    docx(["Publishing agreement (DRAFT 2)", *_CLAUSES]),
                    "مسودة العقد - نسخة ثانية.docx",
                ),
            ],
        ),
        answers=draft,
    )
    copy = attachment("application/pdf", contract(), "contract-the-salt-road.pdf")
    signed = letter(
        "contract-signed",
        "2024-04-12 11:30",
        MARYAM,
        MARTA,
        "The Salt Road: contract, signed",
        multipart(
            "mixed",
            "----=_NextPart_000_0057",
            [text("Dear Marta,\n\nsigned this morning. We celebrate in June!\n\nMaryam\n"), copy],
        ),
        answers=comments,
    )
    forwarded = letter(
        "contract-forwarded",
        "2024-04-12 14:02",
        JONAS,
        AMARA,
        "Fwd: The Salt Road: contract, signed",
        multipart(
            "mixed",
            "=-evolution-fwd",
            [
                text("Amara, the advance is due now, see clause 2.\n\nJonas\n"),
                embedded(signed.data, disposition="inline"),
            ],
        ),
        cc=[MARTA],
        answers=signed,
    )
    to_author = letter(
        "contract-to-author",
        "2024-04-15 09:10",
        MARTA,
        AIKO,
        "Your copy of the contract",
        multipart("mixed", "moz-contract-1", [text("Dear Aiko,\n\nfor your files.\n\nMarta\n"), copy]),
        cc=[JONAS],
    )
    to_accounts = letter(
        "contract-to-accounts",
        "2024-04-15 09:14",
        MARTA,
        AMARA,
        "Contract for the files",
        multipart(
            "mixed",
            "moz-contract-2",
            [
                text("Dear Amara,\n\nthe same once more, under a name that you can find again.\n"),
                attachment("application/pdf", contract(), "2024-04-12 Tanaka.pdf"),
            ],
        ),
    )
    return [proposal, answer, draft, comments, signed, forwarded, to_author, to_accounts, _signed_mail()]


def _signed_mail() -> Letter:
    """An OpenPGP/MIME message (RFC 3156); the signature is of nobody and verifies nothing."""
    armor = (
        b"-----BEGIN PGP SIGNATURE-----\n\n"
        b"iHUEABYIAB0WIQSAMPLESAMPLESAMPLESAMPLESAMPLESAMPLEAKCRAAAAAAAAAA\n"
        b"c2FtcGxlIHNpZ25hdHVyZSwgb2Ygbm9ib2R5LCB2ZXJpZmllcyBub3RoaW5n\n"
        b"-----END PGP SIGNATURE-----"
    )
    content = multipart(
        "signed",
        "pgp-advance",
        [
            text(
                "The advance of 2,000 EUR left our account today.\n\n-- \nAmara Okafor\n",
                encoding="quoted-printable",
            ),
            entity(
                'application/pgp-signature; name="signature.asc"',
                armor,
                [("Content-Description", "OpenPGP digital signature")],
            ),
        ],
        parameters='; micalg=pgp-sha256; protocol="application/pgp-signature"',
    )
    return letter("advance-signed", "2024-04-17 12:00", AMARA, [MARYAM, MARTA], "Advance paid", content)
