"""What pages ask of runs: to stop, to go on after a review, and to change what a draft holds."""

from collections.abc import Awaitable, Callable, Iterator, Mapping

import attrs
from aiohttp import web

from bria_async.errors import BriaError, ConfigurationError
from bria_async.graph.control import STOP, Request
from bria_async.host import Host
from bria_async.training.captions import ask_for_approval, ask_for_caption, ask_for_schema
from bria_async.training.place import Place

from .journals import Journals
from .serving import OF_RUN

Wish = Callable[[Place, Mapping[str, str], Host], None]
LONGEST = 2**17
"""Bytes of what a form sends."""


def _approve(place: Place, _: Mapping[str, str], host: Host) -> None:
    ask_for_approval(place, host)


def _stop(place: Place, form: Mapping[str, str], host: Host) -> None:
    place.control.ask(Request(STOP, {"training": "training" in form}), host)


def _caption(place: Place, form: Mapping[str, str], host: Host) -> None:
    ask_for_caption(place, _given(form, "image"), _given(form, "caption"), host)


def _schema(place: Place, form: Mapping[str, str], host: Host) -> None:
    ask_for_schema(place, _given(form, "text"), host, captions_anew="anew" in form)


def _given(form: Mapping[str, str], name: str) -> str:
    if not isinstance(text := form.get(name), str):
        raise ConfigurationError(f"The form has no {name}.")
    return text.replace("\r\n", "\n")  # as forms send what was typed


WISHES: Mapping[str, tuple[Wish, str]] = {
    "approve": (_approve, "Approved: the run goes on as soon as somebody works on it."),
    "stop": (_stop, "The run was asked to stop."),
    "caption": (_caption, "The caption was handed to the run."),
    "schema": (_schema, "The text was handed to the run."),
}
"""What can be asked for, by the end of its address; and what is said when it was."""


@attrs.frozen
class Asking:
    """Takes forms; what comes of a wish is told by the events of its run."""

    host: Host
    journals: Journals

    def routes(self) -> Iterator[web.RouteDef]:
        """Where each is sent."""
        for run in OF_RUN:
            for name, (wish, said) in WISHES.items():
                yield web.post(f"{run}/{name}", self._taken(wish, said))

    def _taken(self, wish: Wish, said: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def taken(request: web.Request) -> web.Response:
            found = request.match_info
            try:
                form = await request.post()
            except (ValueError, LookupError):  # bytes that are no text, an unknown encoding, parts without an end
                return web.Response(status=400, text="That is no form.")
            texts = {name: value for name, value in form.items() if isinstance(value, str)}
            try:
                place = await self.host.in_thread(self.journals.find, found["run"], found.get("batch"))
                await self.host.in_thread(wish, place, texts, self.host)
            except BriaError as error:
                return web.Response(status=422, text=error.message)
            if request.headers.get("Sec-Fetch-Mode") == "navigate":  # a browser without scripts
                raise web.HTTPSeeOther(str(request.rel_url.parent))
            return web.Response(text=said)

        return taken
