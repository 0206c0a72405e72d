"""What the parser is held to its record with: every sample, hostile and ambiguous mail, and seeded random mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from fuzz.seeds import seeds
from mailstrata.parser.limits import Limits
from samples import business, generate, mailboxes
from samples.wire import crlf
from tests.conformance.ambiguities import AMBIGUITIES
from tests.parser.golden.cases import CASES
from tests.parser.golden.random_mail import MailMaker, pick, random_tokens

_PER_PROFILE = 400
"""Random inputs of each profile of the parser."""

_MOST_BYTEWISE = 700
_ODDNESS = (0, 0, 15, 60, 200)
_VARIANTS: tuple[mailboxes.MboxVariant, ...] = ("mboxo", "mboxrd", "mboxcl", "mboxcl2")


@dataclass(frozen=True, slots=True)
class Input:
    """Some bytes, and the options of the parser. `is_listed` says that what comes of them is recorded in full."""

    name: str
    data: bytes = field(repr=False)
    mode: str = "message"
    options: dict[str, Any] = field(default_factory=dict)
    is_listed: bool = False

    @property
    def group(self) -> str:
        """The first part of the name, by which the record is ordered."""
        return self.name.partition("/")[0]


@cache
def all_inputs() -> dict[str, Input]:
    """All of them, by name."""
    found: dict[str, Input] = {}
    for one in (*_cases(), *_ambiguities(), *_samples(), *_hostile(), *_random("default"), *_random("strict")):
        assert one.name not in found, f"two inputs have the name {one.name}"
        found[one.name] = one
    return found


def _cases() -> Iterator[Input]:
    for name, (data, mode, given) in CASES.items():
        options = dict(given)
        if "length_check" in options:
            options["length_check"] = _length_check(data, options.get("offset", 0))
        yield Input(f"cases/{name}", data, mode, options, is_listed=True)


def _ambiguities() -> Iterator[Input]:
    for case in AMBIGUITIES:
        name = case.title.lower().replace(" ", "-")
        yield Input(f"ambiguity/{name}", case.message, is_listed=len(case.data) < 300)
        yield Input(f"ambiguity/{name}-in-mbox", b"From a@b Mon Jan  5 10:00:00 2004\n" + case.message + b"\n", "mbox")


def _samples() -> Iterator[Input]:
    letters = generate.all_letters()
    for letter in letters:
        yield Input(f"samples/{letter.slug}", letter.data)
        if b"\r\n" not in letter.data:
            yield Input(f"samples/{letter.slug}-crlf", crlf(letter.data))
    yield Input("samples/inbox", mailboxes.mbox(letters), "mbox")
    yield Input("samples/newsletter", mailboxes.mbox(business.newsletters()), "mbox")
    for variant in _VARIANTS:
        data = mailboxes.mbox_variant(letters, variant)[0]
        yield Input(f"samples/{variant}", data, "mbox", {"length_check": _length_check(data, 0)})


def _hostile() -> Iterator[Input]:
    for number, data in enumerate(sorted({seed[4:] for seed in seeds("parser")})):
        mode = "mbox" if data.startswith(b"From ") else "message"
        yield Input(f"hostile/{number}", data, mode)


def _random(profile: str) -> Iterator[Input]:
    for number in range(_PER_PROFILE):
        # The seed is a number, as what Python makes of a text might change.
        rng = Random(number * 2 + (profile == "strict"))
        mode = "message" if rng.randrange(3) == 0 else "mbox"
        kind = rng.randrange(4)
        if kind == 0:
            data = random_tokens(rng)
            if mode == "mbox" and rng.randrange(3):
                data = b"From - Mon Jan  5 10:00:00 2004\n" + data
        else:
            maker = MailMaker(rng, pick(rng, _ODDNESS))
            data = maker.mbox(1 + rng.randrange(4)) if mode == "mbox" else maker.entity()
            if rng.randrange(4) == 0:
                data = data[: rng.randrange(len(data) + 1)]
        options: dict[str, Any] = {"profile": profile}
        if rng.randrange(3) == 0:
            options["limits"] = _small_limits(rng)
        if rng.randrange(3) == 0:
            options["offset"] = rng.randrange(1 << 40)
        if mode == "mbox" and rng.randrange(2):
            options["length_check"] = _length_check(data, options.get("offset", 0))
        yield Input(f"random-{profile}/{number}", data, mode, options)


def _small_limits(rng: Random) -> Limits:
    return Limits(
        depth=pick(rng, (1, 2, 3, 256)),
        parts=pick(rng, (1, 2, 3, 5, 10_000)),
        header_bytes=pick(rng, (30, 60, 120, 1 << 20)),
        delimiter_line_bytes=pick(rng, (76, 998)),
        message_bytes=pick(rng, (None, None, 100, 400)),
        defects=pick(rng, (1, 2, 100)),
        feed_events=pick(rng, (1, 3, 4096)),
    )


def _length_check(data: bytes, base: int) -> Callable[[int], bool]:
    """Whether the next `From ` line begins at an offset, blank lines aside, or the input ends there; as sources say."""

    def check(offset: int) -> bool:
        rest = data[offset - base : offset - base + 16].lstrip(b"\r\n")
        return offset - base <= len(data) and (not rest or rest.startswith(b"From "))

    return check


def splits_of(one: Input) -> Iterator[list[int]]:
    """The sizes of the pieces in which an input is split, the same each time: single bytes where it is small, and of
    the size of lines and blocks, or of chunks where it is large."""
    size = len(one.data)
    if size <= _MOST_BYTEWISE:
        yield [1] * size
    rng = Random(size)
    most = pick(rng, (40, 300, 2000)) if size < 10_000 else 20_000
    yield [1 + rng.randrange(most) for _ in range(4 * size // most)]
