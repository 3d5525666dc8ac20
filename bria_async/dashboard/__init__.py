"""What is shown of runs and images: figures and words for terminals, pages for browsers."""
