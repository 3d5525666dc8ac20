"""Paths as people type them."""

from pathlib import Path

from bria_async.errors import ConfigurationError


def expanded(path: str | Path) -> Path:
    """The path with the home folder that its `~` or `~name` stands for.

    Raises:
        ConfigurationError: there is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # nobody is called like this, or nobody can be
        raise ConfigurationError(f"{path} cannot be used: there is no such home folder.") from None
