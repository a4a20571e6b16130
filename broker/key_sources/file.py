"""A file that holds the key in base64: `id:file:/run/secrets/k1`. What mounts secrets as files needs nothing else."""

import os
import stat
from pathlib import Path

from broker.key_sources.unopened import Unopened

LARGEST = 1_000  # bytes


def unwrap(key_id: str, reference: str) -> str:
    """A file that strangers may read or change is refused. The group may read it: Kubernetes gives it so."""
    path = Path(reference)
    if not path.is_absolute():
        raise Unopened(f"the file of the key {key_id} must be named by its whole path")
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(LARGEST)
    except OSError as error:
        raise Unopened(f"the file of the key {key_id} cannot be read: {error.strerror}") from None
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise Unopened(f"the file of the key {key_id} is open to others; its mode must be 0400, 0600 or 0440")
    return content.decode("ascii", "replace").strip()


def wrap(key_id: str, key: str, wrapping_key: str) -> str:
    """Write a new file, readable by us alone; one that is there stays."""
    path = Path(wrapping_key).resolve()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as made:
            made.write(key + "\n")
    except OSError as error:
        raise Unopened(f"the file of the key {key_id} cannot be written: {error.strerror}") from None
    return str(path)
