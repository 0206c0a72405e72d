"""Arguments and options that `strip` and `unstrip` share."""

from __future__ import annotations

from collections.abc import Callable

import click

from mailstrata.cli.options import Function

PATH = click.Path(readable=False, allow_dash=True)
"""Whether a path can be read is found out by whoever reads it, so that there is one way of saying that it cannot."""


def attachments(text: str) -> Callable[[Function], Function]:
    """The folder of attachments: `attachments`."""
    return click.option("--attachments", required=True, metavar="DIR", type=PATH, help=text)
