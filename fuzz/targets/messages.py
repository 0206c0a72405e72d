"""The pull form: whatever is opened as mail can be walked through, and read, skipped or taken raw it is the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import mailstrata
from fuzz.given import Given
from mailstrata.cli.terminal import safe_json
from mailstrata.errors import SourceError
from mailstrata.message.origin import MboxVariant
from mailstrata.parser.limits import Limits

_VARIANTS: tuple[MboxVariant | None, ...] = (None, None, "mboxo", "mboxrd", "mboxcl", "mboxcl2")


def reader(data: bytes) -> None:
    """Everything is asked for: parts, texts, names, the JSON object; then again, with parts skipped, and raw."""
    given = Given(data)
    options: dict[str, Any] = {
        "mbox_variant": given.choose(_VARIANTS),
        "limits": Limits(decoded_bytes=given.choose((None, None, 0, 100)), depth=given.choose((256, 2))),
    }
    mail = given.content
    seen = []
    try:
        for message in mailstrata.open(mail, **options):
            parts = []
            for part in message.parts():
                parts.append(part)
                if given.choose((True, True, False)):
                    _read(part, as_text=given.choose((True, False)))
            seen.append((message.sha256, message.size, message.start, message.end, message.part_count))
            assert message.part_count == len(parts)
            described = mailstrata.message_as_json(message, parts)
            document = safe_json(json.dumps(described, ensure_ascii=False))
            document.encode("utf-8")
            assert json.loads(document) == described
        skipped = list(mailstrata.open(mail, **options))
        raw = [b"".join(message.raw()) for message in mailstrata.open(mail, **options)]
    except SourceError:
        # What begins like something compressed, or like a tar, and is none.
        return
    assert [(item.sha256, item.size, item.start, item.end) for item in skipped] == [item[:4] for item in seen]
    assert [(hashlib.sha256(content).hexdigest(), len(content)) for content in raw] == [item[:2] for item in seen]


def _read(part: mailstrata.Part, *, as_text: bool) -> None:
    if as_text:
        part.text().encode("utf-8")
        return
    digest = hashlib.sha256()
    size = 0
    for piece in part:
        assert piece
        digest.update(piece)
        size += len(piece)
    if not part.is_container:
        assert (part.size, part.sha256) == (size, digest.hexdigest())
    name = mailstrata.safe_name(part)
    assert name not in ("", ".", "..")
    assert "/" not in name
    assert "\\" not in name
