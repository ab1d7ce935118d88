"""What is sent at a time. A placeholder stands where each server must get something of its own:
@CAS(key)@ the last unique that it gave for the key, @NOW(n)@ the time in n seconds."""
import re
import time
from dataclasses import dataclass

_PLACEHOLDER = re.compile(rb"@(CAS|NOW)\(([^)]*)\)@")
_UNIQUE = re.compile(rb"VALUE (\S+) \d+ \d+ (\d+)\r\n")


@dataclass(frozen=True)
class Step:
    data: bytes

    @property
    def line(self):
        """The first line as text, by which replies are told apart."""
        return self.data.split(b"\r\n", 1)[0].decode("latin1")


class Uniques:
    """The uniques that one server gave."""

    def __init__(self):
        self.of_key = {}

    def learn(self, reply):
        for key, unique in _UNIQUE.findall(reply):
            self.of_key[key] = unique

    def fill_in(self, data):
        def value(match):
            what, of = match.groups()
            if what == b"NOW":
                return b"%d" % (int(time.time()) + int(of))
            return self.of_key.get(of, b"0")
        return _PLACEHOLDER.sub(value, data)
