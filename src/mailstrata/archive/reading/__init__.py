"""Reading an archive as one of its commits left it; takes no lock and writes nothing."""
