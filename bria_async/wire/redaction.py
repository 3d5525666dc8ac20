"""What of an address may be shown: scheme, host and path, and nothing else.

Signatures and keys live in the query, passwords before the host. What is let through is listed here, rather than what
is taken out: a parameter that nobody has heard of is not shown either.
"""

import re

_REST = r"""(?:\\[^\s"]|[^\s"<>\\])*"""
"""To the end of an address, in JSON too, where `&` may be written as an escape."""
_ADDRESS = re.compile(
    rf"""(?ai)([a-z][a-z0-9+.-]{{1,15}}:(?:\\?/){{2}})(?:[^\s/?#"<>\\]*@)?([^\s?#"<>\\]*(?:\\/[^\s?#"<>\\]*)*)(?:[?#]{_REST})?"""
)


def shown(url: str) -> str:
    """An address as it may be shown."""
    return re.split(r"[?#]", redacted(url), maxsplit=1)[0]


def redacted(text: str) -> str:
    """A text, such as a server's, with every address in it as it may be shown."""
    return _ADDRESS.sub(r"\1\2", text)
