"""Arguments and options that several commands share."""

# ruff: noqa: PLC0415 - a command imports what it uses when it is called

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailstrata.parser.limits import Limits

# Whether a path can be read is found out by whoever reads it, so that there is one way of saying that it cannot.
_PATH = click.Path(readable=False, allow_dash=True)

Function = TypeVar("Function", bound=Callable[..., Any])

MBOX_VARIANTS = ("mboxo", "mboxrd", "mboxcl", "mboxcl2")


_SIZE = re.compile(r"([0-9]{1,15})\s*([kKmMgGtT]?)(i?)[bB]?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


class SizeType(click.ParamType[int]):
    """A size: a number of bytes, or one with a unit (`512M`, `2G`: powers of 1,000; `512Mi`: of 1,024)."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(value.strip())
        if found is None or not int(found[1]) or (found[3] and not found[2]):
            self.fail(f"{value!r} is not a size; write 500000, 512M or 2G", param, ctx)
        unit: int = (1024 if found[3] else 1000) ** _POWERS[found[2].lower()]
        return int(found[1]) * unit


SIZE = SizeType()


class JobsType(click.ParamType[int]):
    """A number of processes, or `auto` for one on each processor that this one may use."""

    name = "jobs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "auto":
            from mailstrata.sinks import stream_digest

            # More would only take memory.
            return min(stream_digest.usable_processors(), MOST_JOBS)
        try:
            jobs = int(value)
        except ValueError:
            jobs = 0
        if not 1 <= jobs <= MOST_JOBS:
            self.fail(f"{value!r} is not a number of processes; write 1 to {MOST_JOBS}, or auto", param, ctx)
        return jobs


MOST_JOBS = 64
JOBS = JobsType()


def _all(*decorators: Callable[[Function], Function]) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def sources() -> Callable[[Function], Function]:
    """SOURCE...: `source`. Whether one exists is not for click to say: the others are still done when it does not."""
    return click.argument("source", nargs=-1, required=True, type=_PATH, metavar="SOURCE...")


def reading() -> Callable[[Function], Function]:
    """How the sources are to be read: `mbox_variant`, `max_depth`, `max_parts`."""
    return _all(
        click.option(
            "--mbox-variant",
            type=click.Choice(MBOX_VARIANTS),
            help="How the mboxes quote lines that begin with 'From '. Detected where not given.",
        ),
        click.option(
            "--max-depth",
            type=click.IntRange(min=1),
            default=256,
            show_default=True,
            metavar="N",
            help="Parts within parts; what is nested deeper is one part.",
        ),
        click.option(
            "--max-parts",
            type=click.IntRange(min=1),
            default=10_000,
            show_default=True,
            metavar="N",
            help="Parts of one message; what comes after them is one part.",
        ),
    )


def target(metavar: str, text: str) -> Callable[[Function], Function]:
    """Where the results go: `target`."""
    return click.option("--to", "target", required=True, metavar=metavar, type=_PATH, help=text)


def quiet() -> Callable[[Function], Function]:
    """`quiet`."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")


def as_json(text: str) -> Callable[[Function], Function]:
    """`as_json`; `text` says what is written."""
    return click.option("--json", "as_json", is_flag=True, help=text)


def existing_archive() -> Callable[[Function], Function]:
    """ARCHIVE, which a command reads: `archive`."""
    return click.argument("archive", type=_PATH)


def limits(max_depth: int, max_parts: int) -> Limits:
    """The limits that the options ask for."""
    from mailstrata.parser.limits import Limits

    return Limits(depth=max_depth, parts=max_parts)
