"""Runs a stream on both servers until their replies differ, then leaves out what is not needed for
that, and shows what remains as a conformance script that expects the reference's replies."""
import difflib
import re
import time
from dataclasses import dataclass

from .normalize import normalize
from .server import Pair
from .step import META, TEXT

SHRINK_SECONDS = 60


@dataclass
class Difference:
    steps: list
    ours: bytes
    reference: bytes

    @property
    def last(self):
        return self.steps[-1]


def run(steps):
    """The first difference, with the steps up to it; None when there is none. When a step ends the
    reference, or leaves it with a part of a batch, both start again."""
    with Pair(META if steps[-1].protocol is META else TEXT) as pair:
        for at, step in enumerate(steps):
            ours, reference = pair.run(step)
            ended = pair.ended()
            if ended == "this server":
                ours += b"<ended>"
            elif ended:
                pair.restart()
                continue
            if normalize(step.line, ours) != normalize(step.line, reference):
                return Difference(steps[:at + 1], ours, reference)
            if b"PIPE_ERROR" in reference:
                pair.restart()
    return None


def shrink(difference):
    """Fewer steps after which the last one still makes the servers differ."""
    until = time.monotonic() + SHRINK_SECONDS
    before, last = difference.steps[:-1], difference.last
    piece = max(len(before) // 2, 1)
    while before and time.monotonic() < until:
        at, shorter = 0, False
        while at < len(before) and time.monotonic() < until:
            found = run(before[:at] + before[at + piece:] + [last])
            if found and found.last is last:
                before, difference, shorter = found.steps[:-1], found, True
            else:
                at += piece
        if piece == 1 and not shorter:
            break
        piece = max(piece // 2, 1)
    return difference


def _escape(data):
    text = data.decode("latin1")
    text = "".join(c if " " <= c <= "~" and c != "\\" else
                   {"\t": "\\t", "\r": "\\r", "\n": "\\n"}.get(c, f"\\x{ord(c):02x}") for c in text)
    text = text.replace("\\\\", "\\\\\\\\")
    return re.sub(r"(.)\1{39,}", lambda m: "{%d*%s}" % (len(m.group(0)), m.group(1)), text)


def _lines(mark, data):
    parts = data.split(b"\r\n")
    lines = [f"{mark} {_escape(part)}".rstrip() for part in parts[:-1]]
    return lines + ([f"{mark}| {_escape(parts[-1])}"] if parts[-1] else [])


def _compared(difference):
    ours, reference = (_lines("<", reply) for reply in (difference.ours, difference.reference))
    if len(reference) + len(ours) < 40:
        return [*reference, "", "but this server answers:", *ours]
    line = difference.last.line
    ours, reference = (_lines("<", normalize(line, reply))
                       for reply in (difference.ours, difference.reference))
    return ["", "this server's reply (+) and the reference's (-), where they differ:",
            *(one for one in difflib.ndiff(reference, ours) if one[0] in "+-")][:80]


def show(difference, seed):
    """What a developer needs; of long replies what differs."""
    text = [f"the servers differ (seed {seed}); as a conformance script:", ""]
    for step in difference.steps:
        text += _lines(">", step.data)
    return "\n".join(text + _compared(difference))
