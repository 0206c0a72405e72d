"""The README.txt of every archive: how to get mail back with zstd and tar alone."""

README = """\
This folder is a mail archive, written by mailstrata. Its mail can be had back without mailstrata.

All mail is in packs/: tar files, compressed with zstd.

    mkdir mail
    for pack in packs/*.tar.zst; do tar --zstd -xf "$pack" -C mail; done

Where tar does not know zstd:

    zstd -dc packs/NAME.tar.zst | tar -xf - -C mail

That gives

    mail/messages/ab/abcdef....eml    a whole message; any mail program opens it
    mail/blobs/ab/abcdef...           the content of an attachment, decoded
    mail/sources/ID/SEGMENT.jsonl     which messages a mailbox held, in which order, with file names,
                                      "From " lines, flags, and the bytes that belong to no message

The names of messages and blobs are their SHA-256: `sha256sum` proves each of them.

To find one among many, ask index/ with any program that reads Parquet, for example DuckDB:

    SELECT sha256, date, "from", subject FROM 'index/messages/*.parquet' WHERE subject LIKE '%invoice%';
    SELECT filename, blob FROM 'index/parts/*.parquet' WHERE filename LIKE '%.pdf';

Whether all is there:

    zstd -t packs/*.tar.zst

commits/ lists the files that belong to the archive, each with its size and SHA-256; what no record there names
was left behind by an interrupted run and does not count. index/ and catalogue.sqlite can be made anew from
packs/ and commits/. Do not change or rename anything by hand.
"""
