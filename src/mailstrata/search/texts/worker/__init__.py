"""The process that opens documents: nothing of it is trusted, and all it may take is limited."""
