"""Pages about images and runs."""
