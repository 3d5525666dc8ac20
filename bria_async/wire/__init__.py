"""What a request is and what an answer means, as plain values: no sockets, no files, no clock."""

from .call import Call, Client, FilePart, Multipart
from .endpoint import Effect, Endpoint, Family, delete, get, post, put
from .parameter import Alias, AsText, Base64, Documented, Items, Parameter, Range
from .polling import Polling
from .reply import Reply

__all__ = [
    "Alias",
    "AsText",
    "Base64",
    "Call",
    "Client",
    "Documented",
    "Effect",
    "Endpoint",
    "Family",
    "FilePart",
    "Items",
    "Multipart",
    "Parameter",
    "Polling",
    "Range",
    "Reply",
    "delete",
    "get",
    "post",
    "put",
]
