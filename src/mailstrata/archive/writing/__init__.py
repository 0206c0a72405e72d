"""Writing to an archive: what is new goes into packs, a commit makes it count, what no commit names is swept."""
