"""The catalogue: every file here is one provider, named as its id. To add one is to add its file, and nothing else.

A file's `PROVIDER` is the value; the docstring's first line says in a few words how it differs from the others.
"""

from importlib import import_module
from pathlib import Path

from broker.providers.provider import Provider

FILES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))

CATALOGUE: dict[str, Provider] = {name: import_module(f"{__name__}.{name}").PROVIDER for name in FILES}
