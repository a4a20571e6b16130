"""The rules. Pure: no Redis, no HTTP, no clock, no environment; `now` is an argument."""
