"""The training of a tailored model from a folder of images to samples on disk."""

from .plan import Expert, Plan, Settings
from .result import Trained
from .run import resume, train
from .samples import Sample
from .verification import Verification, verify

__all__ = ["Expert", "Plan", "Sample", "Settings", "Trained", "Verification", "resume", "train", "verify"]
