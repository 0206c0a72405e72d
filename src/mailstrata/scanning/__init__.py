"""Which parts are not to be trusted: what is flagged, worst first, and what clamd says of each content."""
