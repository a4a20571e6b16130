"""A file with a secret in it, as Docker and Kubernetes mount them."""

import os
import stat
from pathlib import Path

from broker.key_sources.unopened import Unopened


def read_closed(reference: str, what: str, largest: int) -> bytes:
    """Its first `largest` bytes. A file that strangers may read or change is refused; the group may read it, Kubernetes
    gives it so. Raises Unopened, which says `what` it is and shows nothing of it."""
    path = Path(reference)
    if not path.is_absolute():
        raise Unopened(f"the file of {what} must be named by its whole path")
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(largest)
    except (OSError, ValueError) as error:
        raise Unopened(
            f"the file of {what} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from None
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise Unopened(f"the file of {what} is open to others; its mode must be 0400, 0600 or 0440")
    return content
