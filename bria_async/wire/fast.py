"""What makes answers quick to read and bodies quick to write, and nothing else: each function has a plain twin that
tests compare it with.
"""

import functools
import math
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

LEVELS = 6
"""How deep `decoder` goes: a list of datasets with models has five, and each level doubles the type it is given."""


@functools.cache
def decoder() -> Callable[[bytes], Any] | None:
    """What reads JSON of at most `LEVELS` levels, where msgspec is installed; its twin is `json.loads`.

    The type that it is given allows any JSON so deep and none that is deeper, so nobody has to look for depth
    afterwards: it takes a third of the time that `json.loads` and that look take. It reads less than its twin (no NaN,
    no half of a surrogate pair), but nothing otherwise: what it refuses is for its twin to judge.
    """
    try:
        import msgspec  # noqa: PLC0415  # an extra
    except ImportError:
        return None
    scalar: Any = None | bool | int | float | str
    kind: Any = scalar
    for _ in range(LEVELS):
        kind = scalar | list[kind] | dict[str, kind]
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
    return decode


def written(value: object, longest: int) -> bytes | None:
    """The JSON of an object of numbers, truths and texts up to so many characters, as most bodies are; None of others.

    Its twin, `JSONEncoder.encode`, takes 1.7 times as long, and would not look whether anything in there is long.
    """
    if type(value) is not dict:
        return None
    parts = []
    for name, item in value.items():
        kind = type(item)
        if kind is str and len(item) <= longest:
            text = quoted(item)
        elif kind is bool:
            text = "true" if item else "false"
        elif kind is int or (kind is float and math.isfinite(item)):
            text = repr(item)
        else:
            return None
        parts.append(f"{quoted(name)}: {text}")
    return f"{{{', '.join(parts)}}}".encode()


def unlocked(kind: type[Any]) -> type[Any]:
    """A frozen class without its lock: an object that is filled as one can be made one of `kind` by its `__class__`.

    That takes a fifth of the time of its twin, the constructor, which has to go round the lock for each attribute.
    """
    free = {"__slots__": kind.__slots__, "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, kind.__bases__, free)


def filler(fields: Iterable[tuple[str, Any, Callable[[Any], Any]]]) -> Callable[[Any, Callable[[str], Any]], None]:
    """What sets these attributes of an object, given as name, type and reader, to values that are got by name.

    A value that is of the type is taken as it is, any other goes through the reader. The function is written out:
    its twin, a loop over the fields, takes 1.4 times as long.
    """
    known: dict[str, Any] = {}
    lines = ["def fill(made, get):", "    pass"]
    for name, exact, read in fields:
        known |= {f"exact_{name}": exact, f"read_{name}": read}
        lines.append(f"    value = get({name!r})")
        lines.append(f"    made.{name} = value if type(value) is exact_{name} else read_{name}(value)")
    exec("\n".join(lines), known)  # noqa: S102  # made of names of attributes, which are names in our source
    fill: Callable[[Any, Callable[[str], Any]], None] = known["fill"]
    return fill
