"""What a request is and what an answer means, as plain values: no sockets, no files, no clock."""

from bria_async.types.facts import Alias, AsText, Documented, Image, Items, Older, Own, Range

from .call import Call, Client, File, FilePart, Multipart
from .endpoint import Effect, Endpoint, Family, delete, get, post, put
from .parameter import Field, Parameter
from .polling import Polling

__all__ = [
    "Alias",
    "AsText",
    "Call",
    "Client",
    "Documented",
    "Effect",
    "Endpoint",
    "Family",
    "Field",
    "File",
    "FilePart",
    "Image",
    "Items",
    "Multipart",
    "Older",
    "Own",
    "Parameter",
    "Polling",
    "Range",
    "delete",
    "get",
    "post",
    "put",
]
