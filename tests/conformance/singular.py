"""The differences that belong to no class, each listed for itself in `singular.toml`: reader, in what, message, reason.

Both ways count, as with deviations: a difference that is in no class and not listed fails the tests, and so does one
that is listed and not there any more.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.conformance.readers import FAST, GMIME, STDLIB

TABLE = Path(__file__).with_name("singular.toml")

Key = tuple[str, str, str]
"""Reader, in what they differ, place of the message."""


def read_table(text: str) -> dict[Key, str]:
    """The reasons. Raises `ValueError` where one is missing, listed twice, or of no known reader."""
    reasons: dict[Key, str] = {}
    for entry in tomllib.loads(text).get("difference", []):
        reason = " ".join(entry["reason"].split())
        for reader in entry["readers"]:
            if reader not in (STDLIB, GMIME, FAST):
                raise ValueError(f"there is no reader {reader}")
            for about in entry["differs"]:
                for message in entry["messages"]:
                    if not reason:
                        raise ValueError(f"no reason is given for {message}")
                    if (reader, about, message) in reasons:
                        raise ValueError(f"listed twice: {reader}, {about}: {message}")
                    reasons[reader, about, message] = reason
    return reasons
