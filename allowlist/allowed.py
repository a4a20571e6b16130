"""The proof that an address may be redirected to: whoever sends a person to an app must hold one."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class AllowedRedirectUri:
    """An address that was on the client's list a moment ago. Made by `Allowlist.verify` alone and never
    stored, so a redirect to anything else does not type-check and a removed entry stops working at once."""

    text: str
    scheme: str

    @property
    def verified_link(self) -> bool:
        """Whether the operating system checks who owns the address. Any app may claim the others (RFC 8252
        section 8.6), so a flow to them asks for a deliberate act."""
        return self.scheme == "https"

    def with_parameters(self, **parameters: str | None) -> str:
        """The address with the parameters behind its own query, byte for byte; a None is left out.

        The text is extended and not parsed and written anew: writers differ on `s://` and `s:///x` (OAuth 2.1
        section 2.3).
        """
        added = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value is not None
        )
        if not added:
            return self.text
        return f"{self.text}{'&' if '?' in self.text else '?'}{added}"

    def as_intent(self, **parameters: str | None) -> str:
        """The address with the parameters in Android's `intent:` form; it leads to the same apps. A web or loopback
        address has none and stays what it is.
        """
        address = self.with_parameters(**parameters)
        if self.scheme in ("https", "http"):
            return address
        return f"intent:{address.partition(':')[2]}#Intent;scheme={self.scheme};end"
