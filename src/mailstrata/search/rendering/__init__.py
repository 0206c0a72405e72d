"""A message as one safe HTML page: sanitised, with nothing to be loaded from elsewhere."""
