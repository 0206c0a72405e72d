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
    mail/skeletons/ab/abcdef....eml   a message whose attachments were taken out; any mail program opens it, and
                                      shows which are missing. In place of each stands a part of the type
                                      message/external-body, which names the blob that it was
    mail/blobs/ab/abcdef...           the content of an attachment or of an encoded text, decoded
    mail/sources/ID/SEGMENT.jsonl     which messages a mailbox held, in which order, with file names,
                                      "From " lines, flags, and the bytes that belong to no message

The names of messages and blobs are their SHA-256: `sha256sum` proves each of them. A skeleton has the name of the
message that it was made from. To have that message again byte for byte, put the bodies back: where the line

    Content-Type: message/external-body; access-type=x-mailstrata; ...

begins, drop everything to the next empty line, that line included, and as many bytes more as "added" says; keep
the "header" bytes that follow; behind them write the blob that "sha256" names, encoded again: "base64 76+n" means
base64 in lines of 76 characters that end with LF, the last one too. Everywhere else, take the last "-" out of
"access-type=x-mailstrata-". docs/stripping.md of mailstrata documents every recipe.

To find one among many, ask index/ with any program that reads Parquet, for example DuckDB:

    SELECT sha256, date, "from", subject FROM 'index/messages/*.parquet' WHERE subject LIKE '%invoice%';
    SELECT filename, blob FROM 'index/parts/*.parquet' WHERE filename LIKE '%.pdf';

Whether all is there:

    zstd -t packs/*.tar.zst

commits/ lists the files that belong to the archive, each with its size and SHA-256; what no record there names
was left behind by an interrupted run and does not count. index/ and catalogue.sqlite can be made anew from
packs/ and commits/. Do not change or rename anything by hand.
"""
