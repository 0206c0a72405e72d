"""Finding: text of bodies and attachments, the query language, the engine."""
