"""One program for each library that is measured, all with the same words: `JOB INPUT [FOLDER]`.

    parse     walk every part; decode the subject, the From field and every file name
    extract   write the content of every part that has a file name to FOLDER

Each prints what it counted as one line of JSON, so that a library which skips work is found out, and imports nothing
that it does not need. One that is not installed says so on standard error and ends with exit code 3.

What comes from Debian is run as it is; `debian` has the words. `by_hand` is the limit, no peer.

The other libraries parse one message at a time and know no mbox; `mbox` takes it apart for them, faster than any
of them parses, so that the comparison is about parsing.
"""
