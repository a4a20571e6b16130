"""How a door asks for a room: `store: Room[Store]`, by the name that app.py gives it."""

from typing import Annotated, TypeAlias, TypeVar

from litestar.di import Dependency
from litestar.params import SkipValidationMarker

T = TypeVar("T")

# Not validated: a room is built once by us, and msgspec would walk into it at every request.
Room: TypeAlias = Annotated[T, Dependency(kind="named"), SkipValidationMarker()]
