"""Sinks by name: every installed package may offer some, in the entry-point group `mailstrata.sinks`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from mailstrata.errors import UsageError
from mailstrata.sinks.protocol import Sink

GROUP = "mailstrata.sinks"
"""The entry-point group; an entry's name is that of the sink, its value the place of the class
(`package.module:Class`)."""


def available_sinks() -> list[str]:
    """The names of the sinks that installed packages offer, sorted. Imports none of them."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_sink(name: str) -> type[Sink]:
    """The class of the sink called `name`; how it is made is told by its own documentation.

    Raises `UsageError` where no installed package, or more than one, offers a sink of that name, and where
    the class cannot be imported or lacks a method of the protocol.
    """
    entries = {(entry.value, _package(entry)): entry for entry in entry_points(group=GROUP, name=name)}
    if not entries:
        names = ", ".join(available_sinks()) or "none; is mailstrata installed?"
        raise UsageError(f"there is no sink called {name!r}; available: {names}")
    if len(entries) > 1:
        packages = ", ".join(sorted(_package(entry) for entry in entries.values()))
        raise UsageError(f"more than one package offers a sink called {name!r}: {packages}; uninstall all but one")
    (entry,) = entries.values()
    package = _package(entry)
    try:
        found = entry.load()
    except Exception as error:  # whatever importing someone else's package raises
        raise UsageError(
            f"the sink {name!r} of the package {package} cannot be loaded: {type(error).__name__}: {error}; "
            "install what it needs, or uninstall it"
        ) from error
    if not isinstance(found, type):
        raise UsageError(f"the sink {name!r} of the package {package} is {entry.value}, which is not a class")
    missing = [method for method in _METHODS if not hasattr(found, method)]
    if missing:
        raise UsageError(
            f"the sink {name!r} of the package {package} lacks {', '.join(missing)}; "
            "let its class inherit from mailstrata.sinks.protocol.Sink"
        )
    return cast("type[Sink]", found)


_METHODS = [name for name in vars(Sink) if not name.startswith("_")]


def _package(entry: EntryPoint) -> str:
    return "unknown" if entry.dist is None else entry.dist.name
