"""Runs to look at: the studio of the trainings, on a virtual clock."""

from tests.training.conftest import pictures, studio, within

__all__ = ["pictures", "studio", "within"]
