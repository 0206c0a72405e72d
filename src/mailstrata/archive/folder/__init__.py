"""The folder of an archive: its layout, its lock, and files that appear under their names whole and durable."""
