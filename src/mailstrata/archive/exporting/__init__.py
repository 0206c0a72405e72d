"""Exporting: chosen messages, in forms that other programs read."""
