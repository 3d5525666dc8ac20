"""The declared endpoints, one class per family: the same words as in `types` and `sim`."""
