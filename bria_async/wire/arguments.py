"""The arguments of a call by their names, as `inspect.Signature.bind` has them, in a fraction of its time."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

Bind = Callable[[tuple[Any, ...], Mapping[str, Any]], dict[str, Any]]


def binder(signature: inspect.Signature) -> Bind:
    """What makes values by name of the arguments of a method, without its `self`; None by default is left out.

    What fits at a glance needs no more; all else is left to `Signature.bind`, which says what is wrong with it.
    """
    _, *parameters = signature.parameters.values()
    positional = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    required = {each.name for each in parameters if each.default is each.empty}
    known = {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}
    defaults = [(each.name, each.default) for each in parameters if each.default not in (None, each.empty)]

    def bind(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        values = {**dict(zip(positional, args, strict=False)), **kwargs}
        if len(values) == len(args) + len(kwargs) and required <= values.keys() <= known:
            return values | {name: value for name, value in defaults if name not in values}
        bound = signature.bind(None, *args, **kwargs)
        bound.apply_defaults()
        _, *names = signature.parameters
        return {name: bound.arguments[name] for name in names}

    return bind
