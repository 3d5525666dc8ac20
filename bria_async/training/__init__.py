"""The training of a tailored model from a folder of images to samples on disk."""

from .batch import Batch, Batched, train_many
from .captions import approve, change_caption, change_schema
from .following import Progress, events, progress
from .members import Member
from .plan import Expert, Plan, Settings
from .repairing import Repaired, repair, repair_batch
from .result import Trained
from .run import resume, train
from .samples import Sample
from .verification import Verification, verify, verify_many

__all__ = [
    "Batch",
    "Batched",
    "Expert",
    "Member",
    "Plan",
    "Progress",
    "Repaired",
    "Sample",
    "Settings",
    "Trained",
    "Verification",
    "approve",
    "change_caption",
    "change_schema",
    "events",
    "progress",
    "repair",
    "repair_batch",
    "resume",
    "train",
    "train_many",
    "verify",
    "verify_many",
]
