"""The arguments of a call by their names, as `inspect.Signature.bind` has them, in a fraction of its time."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

MOST_WAYS = 256
"""Ways to give arguments, and types that they may have, which are remembered of a method."""
Bind = Callable[[tuple[Any, ...], Mapping[str, Any]], dict[str, Any]]


def binder(signature: inspect.Signature) -> Bind:
    """What makes values by name of the arguments of a method, without its `self`; None by default is left out.

    What was bound in the same way before needs no look; all else is left to `Signature.bind`, which says what is wrong
    with it.
    """
    _, *parameters = signature.parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    required = {each.name for each in parameters if each.default is each.empty}
    known = {each.name for each in parameters}
    any_name = any(each.kind is each.VAR_KEYWORD for each in parameters)
    defaults = {each.name: each.default for each in parameters if each.default not in (None, each.empty)}
    ways: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    """How many were given by position, and the names of the others -> the defaults that they leave."""

    def bind(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        values = {**dict(zip(positional, args, strict=False)), **kwargs}
        if (left := ways.get(way := (len(args), *kwargs))) is not None:
            values.update(left)
            return values
        if not any_name and len(values) == len(args) + len(kwargs) and required <= values.keys() <= known:
            left = {name: default for name, default in defaults.items() if name not in values}
            if len(ways) < MOST_WAYS:
                ways[way] = left
            return values | left
        bound = signature.bind(None, *args, **kwargs)
        bound.apply_defaults()
        _, *names = signature.parameters
        return {name: bound.arguments[name] for name in names}

    return bind
