"""A file that holds the key in base64: `id:file:/run/secrets/k1`. What mounts secrets as files needs nothing else."""

import os
from pathlib import Path

from broker.key_sources.closed_file import read_closed
from broker.key_sources.unopened import Unopened

LARGEST = 1_000  # bytes


def unwrap(key_id: str, reference: str) -> str:
    return read_closed(reference, f"the key {key_id}", LARGEST).decode("ascii", "replace").strip()


def wrap(key_id: str, key: str, wrapping_key: str) -> str:
    """Write a new file, readable by us alone; one that is there stays."""
    path = Path(wrapping_key).resolve()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as made:
            made.write(key + "\n")
    except OSError as error:
        raise Unopened(f"the file of the key {key_id} cannot be written: {error.strerror}") from None
    return str(path)
