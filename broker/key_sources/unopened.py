"""How a key source says that it has not opened a key."""


class Unopened(ValueError):
    """Why, in words for the one who runs it; names the key's id and never the key, its wrapping or a library's text."""
