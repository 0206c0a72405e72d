"""Conversations: messages as trees of what answers what (JWZ's algorithm, https://www.jwz.org/doc/threading.html)."""
