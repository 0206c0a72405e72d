"""The search engine: keeps the full-text index up to date with an archive, and finds messages.

place       where the index lies in an archive; the lock of who writes it
state       what the index covers
update      bringing it up to date with the last commit, from nothing if need be
documents   what is indexed of a message, joined from three tables
tables      the committed tables of an archive in DuckDB
finding     from the tree of a query to the messages for which it stands, in order
snippets    the piece of a text in which the words were found
search      all of that behind one object, which the command line and programs use
"""
