"""Many trainings, one look: whoever waits for models through the same session shares a listing of all of them.

A listing may lag behind, and tells less than a model by itself. So it is believed in one thing only, which costs no
more than a late look when it is wrong: that a training goes on. A model that it does not show, or shows as anything
else, is asked for by itself; what that answer says is believed as long as the listing would be.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import attrs

from bria_async.errors import RequestError
from bria_async.session import Session
from bria_async.types.common import Id
from bria_async.types.models import Model, ModelStatus

_watches: "WeakKeyDictionary[Session, ModelWatch]" = WeakKeyDictionary()


@attrs.define(eq=False)
class ModelWatch:
    """The models that are waited for through a session, and which of them go on by the last listing."""

    _waiting: Counter[str] = attrs.field(factory=Counter, init=False)
    _going_on: dict[str, Model] = attrs.field(factory=dict, init=False)
    _listed_at: float = attrs.field(default=-math.inf, init=False)
    _listing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    @classmethod
    def of(cls, session: Session) -> "ModelWatch":
        """That of a session."""
        return _watches.setdefault(session, cls())

    @contextmanager
    def waiting_for(self, model: Id) -> Iterator[None]:
        """Count a model among those that are waited for."""
        self._waiting[str(model)] += 1
        try:
            yield
        finally:
            self._waiting -= Counter([str(model)])

    async def look(self, session: Session, model: Id, within: float) -> Model:
        """A model as it is, or as it went on at most `within` seconds ago when others are waited for as well.

        Raises:
            RequestError: as from `models.get`.
        """
        if len(self._waiting) > 1:
            async with self._listing:
                now = session.host.monotonic()
                if now - self._listed_at > within:
                    self._going_on = await _going_on(session)
                    self._listed_at = now
            if (found := self._going_on.get(str(model))) is not None:
                return found
        current = await session.models.get(model)
        if current.status is ModelStatus.IN_PROGRESS:
            self._going_on[str(model)] = current
        return current


async def _going_on(session: Session) -> dict[str, Model]:
    """The models in training by the listing; none when there is no listing, since asking for each tells why."""
    try:
        models = await session.models.list()
    except RequestError:
        return {}
    return {str(model.id): model for model in models if model.status is ModelStatus.IN_PROGRESS}
