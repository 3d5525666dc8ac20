"""Tailored-generation projects."""

import datetime as dt

import attrs

from .common import Id, Value


@attrs.frozen(kw_only=True)
class Project(Value):
    """A project: the visual identity that its datasets and models preserve (SEED 001, published spec)."""

    id: Id
    project_name: str | None = None
    project_description: str | None = None
    ip_name: str | None = None
    ip_description: str | None = None
    ip_medium: str | None = None
    """`photography` or `illustration`."""
    ip_type: str | None = None
    """One of `IpType`, or a type that is newer than this library."""
    training_version: str | None = None
    """The family the project is locked to (SEED 001); None while undecided, absent in answers of 2026."""
    status: str | None = None
    """`active` is the only documented word."""
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
