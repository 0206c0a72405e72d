"""The archive: packs, catalogue, commits, and the sink that writes them."""
