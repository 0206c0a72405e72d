"""Text of bodies and attachments, kept as Parquet in `ARCHIVE/search/texts`: see docs/texts.md.

What other rooms call::

    from mailstrata.search.texts.update import TextsUpdate      # brings the table up to date with the last commit
    from mailstrata.search.texts.forgetting import forget_texts  # rows of what was erased go
    from mailstrata.search.texts.forgetting import merge_texts   # many small files become one
    from mailstrata.search.texts.reader import TextsReader, read_texts, texts_files

Whoever calls what writes (`TextsUpdate`, `forget_texts`, `merge_texts`) sees to it that nobody else does at the same
time.
"""
