"""The full-text index: how text becomes words, and the words of all messages and attachments, by tantivy.

It lies in a folder of its own, is made of the tables *messages*, *parts* and *texts*, and can be made anew of them at
any time. What other rooms call::

    from mailstrata.search.words.folding import words_of, words_text    # text becomes words
    from mailstrata.search.words.index import WordsIndex, WordsWriter   # the index: asking, adding
    from mailstrata.search.words.matching import Matching               # a query for each `Words` node

The package `tantivy` (extra `search`) is imported when an index is opened.
"""
