"""Waiting for a condition, never for a time."""
import time


def wait_for(condition, timeout=60.0, what=None, every=0.02):
    """Return the first true value of condition(); a TimeoutError says what did not come."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            name = what or getattr(condition, "__name__", "the condition")
            raise TimeoutError(f"waited {timeout:g} s in vain for {name}")
        time.sleep(every)
