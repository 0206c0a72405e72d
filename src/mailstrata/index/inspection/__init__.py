"""What attachments really are: flags of a part by its name, its header and its content."""
