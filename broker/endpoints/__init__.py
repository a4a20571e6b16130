"""The doors for apps. One file an endpoint; a handler is the flow, read top to bottom: parse, verify, remember, send."""
