# ruff: noqa: RUF001 (letters of other scripts are the point)
"""How a book is made: its pictures, its translation, and the talk about it."""

from __future__ import annotations

from functools import cache

from samples.files import calendar, png, wav
from samples.letters import AIKO, AMARA, DARYA, ELODIE, JONAS, MARTA, MARYAM, NIKOS, Letter, letter
from samples.wire import attachment, embedded, encoded_words, header, multipart, text


@cache
def photographs() -> dict[str, bytes]:
    """The pictures of the launch."""
    names = ("launch-01-harbour.png", "launch-02-reading.png", "launch-03-toast.png")
    return {name: png(128, 96, seed=10 + number) for number, name in enumerate(names)}


def picture_letters() -> list[Letter]:
    """The launch: an invitation, photographs in three directions, a voice memo, and sketches."""
    invitation = calendar(
        "launch-2024@lantern.example.org",
        "20240621T170000Z",
        "20240621T210000Z",
        "Launch of The Salt Road",
        "Old harbour, shed 4",
    )
    invite = letter(
        "launch-invitation",
        "2024-06-03 09:00",
        MARTA,
        [JONAS, AMARA, NIKOS, ELODIE, DARYA],
        "Launch of The Salt Road",
        multipart(
            "alternative",
            "moz-invite",
            [
                text("21 June, 19:00, old harbour, shed 4. Bring a scarf.\n"),
                text(
                    "<p>21 June, 19:00, <b>old harbour, shed 4</b>. Bring a scarf.</p>\n",
                    subtype="html",
                ),
                text(invitation, subtype="calendar", parameters="; method=REQUEST"),
            ],
        ),
    )
    pictures = [attachment("image/png", data, name) for name, data in photographs().items()]
    photos = letter(
        "photos",
        "2024-06-22 10:15",
        NIKOS,
        MARTA,
        "Φωτογραφίες από την παρουσίαση",
        multipart(
            "mixed",
            "Apple-Mail-6A1F",
            [text("Καλημέρα! Οι τρεις καλύτερες.\n\nΝίκος\n", encoding="quoted-printable"), *pictures],
        ),
    )
    photos_again = letter(
        "photos-jonas",
        "2024-06-22 18:44",
        MARTA,
        [JONAS, AMARA],
        "Fwd: photographs of the launch",
        multipart("mixed", "moz-photos", [text("You both look very serious.\n"), *pictures]),
        answers=photos,
    )
    photos_translator = letter(
        "photos-elodie",
        "2024-06-24 08:20",
        NIKOS,
        ELODIE,
        "The picture you asked for",
        multipart("mixed", "Apple-Mail-6A20", [text("Here it is.\n"), pictures[1]]),
        cc=[MARTA],
    )
    memo = letter(
        "voice-memo",
        "2024-06-26 07:58",
        NIKOS,
        MARTA,
        "Voice memo",
        multipart(
            "mixed",
            "Apple-Mail-6A21",
            [attachment("audio/wav", wav(900), "memo.wav"), text("Sent from my telephone, walking.\n")],
        ),
    )
    sketch = letter(
        "sketches",
        "2024-02-12 19:30",
        DARYA,
        MARTA,
        "Эскизы обложки",
        multipart(
            "mixed",
            "------------koi8",
            [
                text("Здравствуйте, Марта!\n\nПосылаю два эскиза.\n\nДарья\n", charset="koi8-r"),
                attachment("image/png", png(80, 120, seed=21), "эскиз первый, с лодкой и фонарём на берегу моря.png"),
                attachment(
                    "image/png",
                    png(80, 120, seed=22),
                    "",
                    # Against RFC 2047, 5, and what half the world sends.
                    filename_parameter=f'filename="{encoded_words("эскиз 2.png", "koi8-r")}"',
                ),
            ],
        ),
    )
    return [invite, photos, photos_again, photos_translator, memo, sketch]


def discussion() -> list[Letter]:
    """A thread in format=flowed (RFC 3676), with lines that begin with `From `, which an mbox must quote."""
    flowed = "; format=flowed; delsp=no"
    first = letter(
        "title-1",
        "2024-02-05 10:00",
        ELODIE,
        MARTA,
        "Le titre français",
        text(
            "Chère Marta,\n\nje propose « La route du sel ». C'est simple, c'est court et cela se \n"
            "prononce sans accident. « Le chemin salé » serait un livre de cuisine.\n\nÉlodie\n",
            charset="iso-8859-1",
            encoding="quoted-printable",
            parameters=flowed,
        ),
    )
    second = letter(
        "title-2",
        "2024-02-05 11:20",
        MARTA,
        ELODIE,
        "Re: Le titre français",
        text(
            "> je propose « La route du sel ».\n\nAgreed, with pleasure.\n\n"
            "From page 112 on the ferry has another name; was that you or the \nauthor?\n\nMarta\n",
            parameters=flowed,
        ),
        cc=[AIKO],
        answers=first,
    )
    third = letter(
        "title-3",
        "2024-02-06 08:05",
        AIKO,
        [MARTA, ELODIE],
        "Re: Le titre français",
        text(
            "> From page 112 on the ferry has another name; was that you or the \n> author?\n\n"
            ">From the second crossing on it is a different ferry.\n"
            " From here on I shall say so in the text.\n\nTanaka\n",
            charset="us-ascii",
            parameters=flowed,
        ),
        answers=second,
        subject_charset="utf-8",
    )
    fourth = letter(
        "title-4",
        "2024-02-06 09:31",
        JONAS,
        [MARTA, ELODIE, AIKO],
        "Re: Le titre français",
        text(
            "From the archive department: page 112 is corrected.\n\nFrom now on the ferries are numbered.\n"
            ">>From the first one on?\nFrom the first one on.\n\nJonas\n"
        ),
        answers=third,
    )
    return [first, second, third, fourth]


def translation_letters() -> list[Letter]:
    """Long text in quoted-printable, a message signed in S/MIME's form, and nested forwards."""
    chapter = "La mer était si calme que l’on entendait, d’un bord à l’autre, le sel sécher sur les planches. " * 6
    sample = letter(
        "translation-sample",
        "2024-05-06 22:17",
        ELODIE,
        MARTA,
        "Chapitre premier",
        multipart(
            "alternative",
            "Apple-Mail=_chapitre",
            [
                text(f"{chapter}\n", encoding="quoted-printable"),
                text(
                    f"<html><body><p>{chapter}</p></body></html>\n",
                    subtype="html",
                    encoding="quoted-printable",
                ),
            ],
        ),
    )
    inner = header([("From", ELODIE.mailbox), ("Subject", "Page 40"), ("Date", "Tue, 14 May 2024 08:00:00 +0200")])
    inner += b"\nIs 'the weir' a place or a person here?\n"
    middle = (
        header([("From", JONAS.mailbox), ("Subject", "Fwd: Page 40"), ("MIME-Version", "1.0")])
        + multipart("mixed", "level-2", [text("She has a point.\n"), embedded(inner)])
        + b"\n"
    )
    nested = letter(
        "nested-forward",
        "2024-05-14 10:50",
        MARTA,
        AIKO,
        "Fwd: Fwd: Page 40",
        multipart(
            "mixed",
            "level-1",
            [text("A question from the translator, inside a question.\n"), embedded(middle)],
        ),
    )
    smime = letter(
        "rights-signed",
        "2024-08-20 15:45",
        MARYAM,
        MARTA,
        "French rights",
        multipart(
            "signed",
            "----smime-rights",
            [
                text("The French rights are sold; the house in Lyon takes 1,500 copies.\n"),
                attachment("application/pkcs7-signature", b"0\x82\x01\x00sample signature of nobody", "smime.p7s"),
            ],
            parameters='; protocol="application/pkcs7-signature"; micalg=sha-256',
        ),
    )
    return [sample, nested, smime]
