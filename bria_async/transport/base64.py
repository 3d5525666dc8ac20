"""Base64 of a slice of a file, by the fastest that is installed."""

import base64
from collections.abc import Callable


def plain64(block: memoryview) -> bytes | memoryview:
    """Base64, by Python itself."""
    return base64.b64encode(block)


def _fastest() -> Callable[[memoryview], bytes | memoryview]:
    """Of msgspec, which takes half the time and writes bytes as JSON, in quotes; where it is not, the plain twin."""
    try:
        import msgspec  # noqa: PLC0415  # an extra
    except ImportError:
        return plain64
    encode: Callable[[memoryview], bytes] = msgspec.json.Encoder().encode
    return lambda block: memoryview(encode(block))[1:-1]


encode64 = _fastest()
