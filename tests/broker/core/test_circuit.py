"""The circuit breaker, without a clock."""

from broker.core.circuit import LONGEST_PAUSE, LONGEST_RETRY_AFTER, PROBE, THRESHOLD, Circuit


def failing(times: int, now: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit.failed(now)
    return circuit


def test_a_few_failures_close_nothing():
    """Below the threshold everybody may try."""
    assert failing(THRESHOLD - 1).wait(0.0) == 0


def test_many_failures_open_it_for_longer_and_longer():
    """From the threshold on it is left alone for a second, then two, never more than a minute."""
    assert failing(THRESHOLD).wait(0.0) == 1
    assert failing(THRESHOLD + 1).wait(0.0) == 2
    assert failing(THRESHOLD + 500).wait(0.0) == LONGEST_PAUSE


def test_one_probe_at_a_time():
    """When the pause is over one caller tries, and the others wait for what becomes of it."""
    circuit = failing(THRESHOLD)
    assert circuit.wait(1.0) == 0
    assert circuit.wait(1.0) == PROBE
    circuit.succeeded()
    assert circuit.wait(1.1) == 0
    assert circuit.wait(1.1) == 0


def test_retry_after_opens_it_at_once():
    """One answer that asks for patience is enough, and no later failure shortens it."""
    circuit = Circuit()
    circuit.failed(0.0, retry_after=30)
    circuit.failed(1.0)
    assert circuit.wait(10.0) == 20
    circuit.failed(40.0, retry_after=10**9)
    assert circuit.wait(40.0) == LONGEST_RETRY_AFTER
