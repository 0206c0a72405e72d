"""The package of the full-text index, which is an extra."""

from __future__ import annotations

from types import ModuleType

from mailstrata.errors import UsageError


def load_tantivy() -> ModuleType:
    """The module. Raises `UsageError`, which says how to install it, where it is missing."""
    try:
        import tantivy  # noqa: PLC0415 - an extra, which most commands do without
    except ImportError as error:
        raise UsageError(
            "searching needs the package tantivy, which is not installed; run: pip install 'mailstrata[search]'"
        ) from error
    return tantivy
