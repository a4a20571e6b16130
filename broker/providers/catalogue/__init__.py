"""The catalogue: every file here is one provider, named as its id. To add one is to add its file, and nothing else.

A file's `PROVIDER` is the value; the docstring's first line says in a few words how it differs from the others.
"""

from importlib import import_module
from pkgutil import iter_modules

from broker.providers.provider import Provider

CATALOGUE: dict[str, Provider] = {
    module.name: import_module(f"{__name__}.{module.name}").PROVIDER for module in iter_modules(__path__)
}
