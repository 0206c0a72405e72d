"""Who writes to whom, and what every one of their messages has in common: the header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from samples.wire import Fields, encoded_words, header


@dataclass(frozen=True, slots=True)
class Person:
    """An invented correspondent: how the name is encoded, and the offset from UTC (hours) that he or she
    lives in."""

    name: str
    address: str
    charset: str = "utf-8"
    encoding: str = "B"
    offset: int = 1
    mailer: str = "Thunderbird"

    @property
    def mailbox(self) -> str:
        """Name and address as they stand in a header field (RFC 5322, 3.4; RFC 2047, 5)."""
        name = self.name
        if not name.isascii():
            name = encoded_words(name, self.charset, self.encoding)
        elif not re.fullmatch(r"[A-Za-z0-9 '-]+", name):
            name = f'"{name}"'
        return f"{name} <{self.address}>"


MARTA = Person("Marta Holm", "marta@lantern.example.org")
JONAS = Person("Jonas Feld", "jonas@lantern.example.org", mailer="Evolution 3.50")
AMARA = Person("Amara Okafor", "accounts@lantern.example.org", mailer="Microsoft Outlook 16.0")
ELODIE = Person("Élodie Caron", "elodie.caron@example.com", "iso-8859-1", "Q", 1, "Apple Mail (2.3774)")
AIKO = Person("田中 愛子", "aiko.tanaka@example.com", "iso-2022-jp", "B", 9, "Becky! ver. 2.75")
DARYA = Person("Дарья Орлова", "darya.orlova@example.org", "koi8-r", "B", 3)
NIKOS = Person("Νίκος Παππάς", "nikos@photo.example.com", "utf-8", "Q", 2, "iPhone Mail (21F90)")
MARYAM = Person("مريم حداد", "maryam@agency.example.com", "windows-1256", "B", 3, "Microsoft Outlook 16.0")
WEI = Person("王伟", "wei@books.example.com", "gb2312", "B", 8, "Foxmail 7.2")
HARBOUR = Person("Harbour Printworks, Invoicing", "invoices@harbour.example.com", mailer="InvoiceRun 4")
CORNER = Person("Corner Books", "orders@corner.example.com", mailer="ShopFloor 11")
TRADE = Person("Book Trade Weekly", "editor@trade.example.org", mailer="ListPress")
MONITOR = Person("Backup Monitor", "monitor@lantern.example.org", mailer="")


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished message. `slug` is its name among the samples; `data` its bytes, without mbox quoting."""

    slug: str
    sender: str
    when: datetime
    message_id: str
    references: tuple[str, ...]
    data: bytes

    def with_data(self, data: bytes) -> Letter:
        """The same letter with other bytes."""
        return Letter(self.slug, self.sender, self.when, self.message_id, self.references, data)


def moment(text: str, offset: int = 0) -> datetime:
    """`2024-04-12 09:30` local time, so many hours from UTC."""
    zone = timezone(timedelta(hours=offset))
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=zone)


def letter(
    slug: str,
    when: str,
    sender: Person,
    to: Person | Sequence[Person],
    subject: str,
    content: bytes,
    *,
    cc: Sequence[Person] = (),
    answers: Letter | None = None,
    extra: Fields = (),
    subject_charset: str = "",
) -> Letter:
    """A message as it arrives: trace fields, the usual fields, and `content`, an entity.

    `when` is the sender's local time. A subject beyond ASCII is encoded as the sender's name is, unless
    `subject_charset` says otherwise.
    """
    date = moment(when, sender.offset)
    domain = sender.address.partition("@")[2]
    message_id = f"{date:%Y%m%d%H%M}.{slug}@{domain}"
    references = (*answers.references, answers.message_id) if answers else ()
    recipients = [to] if isinstance(to, Person) else list(to)
    if not subject.isascii():
        subject = encoded_words(subject, subject_charset or sender.charset, sender.encoding)
    fields = [("Return-Path", f"<{sender.address}>"), *_trace(sender, recipients[0], date, slug)]
    fields += [
        ("Date", format_datetime(date)),
        ("From", sender.mailbox),
        ("To", ", ".join(person.mailbox for person in recipients)),
    ]
    if cc:
        fields.append(("Cc", ", ".join(person.mailbox for person in cc)))
    fields += [("Subject", subject), ("Message-ID", f"<{message_id}>")]
    if answers:
        fields.append(("In-Reply-To", f"<{answers.message_id}>"))
        fields.append(("References", " ".join(f"<{reference}>" for reference in references)))
    fields += [*extra, ("MIME-Version", "1.0")]
    if sender.mailer:
        fields.append(("User-Agent", sender.mailer))
    data = header(fields) + content
    if not data.endswith(b"\n"):
        data += b"\n"
    return Letter(slug, sender.address, date, message_id, references, data)


def _trace(sender: Person, recipient: Person, date: datetime, slug: str) -> list[tuple[str, str]]:
    """Two Received fields (RFC 5321, 4.4), newest first."""
    home = sender.address.partition("@")[2]
    away = recipient.address.partition("@")[2]
    number = sum(slug.encode()) % 200 + 20
    arrived = format_datetime(date + timedelta(seconds=4))
    handed = format_datetime(date + timedelta(seconds=1))
    return [
        (
            "Received",
            f"from mail.{home} (mail.{home} [198.51.100.{number}]) by mx.{away} (Postfix) with ESMTPS "
            f"id {number:04X}{date:%d%H%M} for <{recipient.address}>; {arrived}",
        ),
        ("Received", f"from [192.0.2.{number}] by mail.{home} with ESMTPSA; {handed}"),
    ]
