"""The training of a tailored model from a folder of images to samples on disk."""

from .plan import Expert, Plan, Settings
from .repairing import Repaired, repair
from .result import Trained
from .run import resume, train
from .samples import Sample
from .verification import Verification, verify

__all__ = [
    "Expert",
    "Plan",
    "Repaired",
    "Sample",
    "Settings",
    "Trained",
    "Verification",
    "repair",
    "resume",
    "train",
    "verify",
]
