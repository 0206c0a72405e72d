"""Many small files of the table *texts* become one: see `forgetting`, which replaces files as well."""

from __future__ import annotations

from mailstrata.search.texts.forgetting import merge_texts

__all__ = ["merge_texts"]
