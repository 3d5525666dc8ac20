"""Image files before they are uploaded: what they are, what is wrong with them, what they will be called."""
