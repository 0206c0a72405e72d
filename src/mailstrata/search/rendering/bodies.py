"""Which parts of a message are shown as its body, the richest form of each."""

from __future__ import annotations

from typing import NamedTuple

HTML = "text/html"
_TEXTS = (HTML, "text/plain")


class PartFacts(NamedTuple):
    """What is known of a part when it has streamed by."""

    path: str
    content_type: str
    filename: str | None
    size: int | None
    is_attachment: bool
    is_container: bool


def bodies(parts: list[PartFacts]) -> list[PartFacts]:
    """The parts to show, in order: of a multipart/alternative (RFC 2046, 5.1.4) that with HTML, of a
    multipart/related (RFC
    2387) and multipart/signed (RFC 1847) the first, of others all; nothing of embedded messages and of what is
    encrypted. `parts` are in document order; linear, whatever they are."""
    shown: dict[str, list[list[PartFacts]]] = {}
    for part in reversed(parts):
        below = shown.pop(part.path, [])
        below.reverse()
        mine = _of_container(part.content_type, below) if part.is_container else _of_leaf(part)
        if mine:
            shown.setdefault(part.path.rpartition(".")[0], []).append(mine)
    return shown[""][0] if "" in shown else []


def _of_leaf(part: PartFacts) -> list[PartFacts]:
    return [part] if part.content_type in _TEXTS and (not part.is_attachment or "." not in part.path) else []


def _of_container(content_type: str, below: list[list[PartFacts]]) -> list[PartFacts]:
    if not below or not content_type.startswith("multipart/") or content_type == "multipart/encrypted":
        return []
    if content_type == "multipart/alternative":
        return next((each for each in reversed(below) if any(part.content_type == HTML for part in each)), below[-1])
    if content_type in ("multipart/related", "multipart/signed"):
        return below[0]
    return [part for each in below for part in each]
