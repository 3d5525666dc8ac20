"""Asyncio-native client for the image API of Bria, and the orchestrator of its trainings.

Names are loaded when they are first used: importing the package opens no socket and costs no aiohttp.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; importing `typing` took four fifths of the time of this module

if TYPE_CHECKING:
    from typing import Any

    from .api.guidance import Guidance as Guidance
    from .errors import Attempt as Attempt
    from .errors import BriaError as BriaError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import Conflict as Conflict
    from .errors import DeadlinePassed as DeadlinePassed
    from .errors import DownloadFailed as DownloadFailed
    from .errors import ImageError as ImageError
    from .errors import InvalidParameter as InvalidParameter
    from .errors import JobError as JobError
    from .errors import JobFailed as JobFailed
    from .errors import JobTimedOut as JobTimedOut
    from .errors import JobUnreachable as JobUnreachable
    from .errors import NotFound as NotFound
    from .errors import NotSent as NotSent
    from .errors import OutcomeUnknown as OutcomeUnknown
    from .errors import PlanInvalid as PlanInvalid
    from .errors import RateLimited as RateLimited
    from .errors import Refused as Refused
    from .errors import RequestError as RequestError
    from .errors import RunFailed as RunFailed
    from .errors import RunPaused as RunPaused
    from .errors import Unreadable as Unreadable
    from .errors import WebhookInvalid as WebhookInvalid
    from .graph.events import Event as Event
    from .host import Host as Host
    from .session import Session as Session
    from .sim import simulator as simulator
    from .training import Batch as Batch
    from .training import Batched as Batched
    from .training import Expert as Expert
    from .training import Member as Member
    from .training import Plan as Plan
    from .training import Progress as Progress
    from .training import Repaired as Repaired
    from .training import Sample as Sample
    from .training import Settings as Settings
    from .training import Trained as Trained
    from .training import Verification as Verification
    from .training import approve as approve
    from .training import change_caption as change_caption
    from .training import change_schema as change_schema
    from .training import events as events
    from .training import progress as progress
    from .training import repair as repair
    from .training import repair_batch as repair_batch
    from .training import resume as resume
    from .training import train as train
    from .training import train_many as train_many
    from .training import verify as verify
    from .training import verify_many as verify_many
    from .types.jobs import GeneratedImages as GeneratedImages
    from .types.jobs import JobResult as JobResult
    from .types.jobs import Submission as Submission
    from .wire.call import Call as Call
    from .wire.polling import Polling as Polling
    from .wire.retry import RetryPolicy as RetryPolicy
    from .wire.retry import Sending as Sending
    from .wire.webhook import parse_webhook as parse_webhook
    from .wire.webhook import verify_webhook as verify_webhook

_HOME = {
    "Attempt": "errors",
    "Batch": "training",
    "Batched": "training",
    "BriaError": "errors",
    "Call": "wire.call",
    "ConfigurationError": "errors",
    "Conflict": "errors",
    "DeadlinePassed": "errors",
    "DownloadFailed": "errors",
    "Event": "graph.events",
    "Expert": "training",
    "GeneratedImages": "types.jobs",
    "Guidance": "api.guidance",
    "Host": "host",
    "ImageError": "errors",
    "InvalidParameter": "errors",
    "JobError": "errors",
    "JobFailed": "errors",
    "JobResult": "types.jobs",
    "JobTimedOut": "errors",
    "JobUnreachable": "errors",
    "Member": "training",
    "NotFound": "errors",
    "NotSent": "errors",
    "OutcomeUnknown": "errors",
    "Plan": "training",
    "PlanInvalid": "errors",
    "Polling": "wire.polling",
    "Progress": "training",
    "RateLimited": "errors",
    "Refused": "errors",
    "RequestError": "errors",
    "RetryPolicy": "wire.retry",
    "RunFailed": "errors",
    "RunPaused": "errors",
    "Repaired": "training",
    "Sample": "training",
    "Sending": "wire.retry",
    "Session": "session",
    "Settings": "training",
    "Submission": "types.jobs",
    "Trained": "training",
    "Unreadable": "errors",
    "Verification": "training",
    "WebhookInvalid": "errors",
    "events": "training",
    "approve": "training",
    "change_caption": "training",
    "change_schema": "training",
    "parse_webhook": "wire.webhook",
    "progress": "training",
    "repair": "training",
    "repair_batch": "training",
    "resume": "training",
    "simulator": "sim",
    "train": "training",
    "train_many": "training",
    "verify": "training",
    "verify_many": "training",
    "verify_webhook": "wire.webhook",
}

__all__ = list(_HOME)  # one table; type checkers read the imports above


def __getattr__(name: str) -> Any:
    """Load a public name from its home."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  # only when a name is asked for

    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
