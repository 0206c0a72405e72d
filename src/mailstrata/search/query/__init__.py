"""The query language of `mailstrata search`: text in, a tree of nodes out, or an error with a place.

- `nodes`: what a query is made of, and what each piece of it means; whoever answers queries begins there.
- `parsing`: from text to a tree; `printing`: from a tree to text that is read as the same tree.
- `sql`: from a tree to a condition of SQL over the tables.

For users it is described in docs/search.md.
"""
