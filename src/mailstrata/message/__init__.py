"""The pull form: messages and parts, and what their header fields say."""
