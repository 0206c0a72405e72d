"""Where parts go: the sink protocol, the pipeline that drives it, and the filesystem sink."""
