"""Packs: tar files in many independent zstd frames, written once, read member by member or as a whole."""
