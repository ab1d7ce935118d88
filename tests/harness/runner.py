"""Running the program under test: to its end, to a moment, or at a terminal."""
import json
import os
import pty
import select
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent


@dataclass
class Result:
    """What one run of the program left. At a terminal stdout holds everything it wrote."""

    argv: list
    rc: int
    stdout: str
    stderr: str = ""
    seconds: float = 0.0
    killed: bool = False
    events: list = field(default_factory=list)

    def json(self):
        return json.loads(self.stdout)

    @property
    def text(self):
        return self.stdout + self.stderr

    def __str__(self):
        how = "killed" if self.killed else f"status {self.rc}"
        return (f"{' '.join(map(str, self.argv))}: {how} after {self.seconds:.1f} s\n"
                f"--- stdout\n{self.stdout}--- stderr\n{self.stderr}")


def find_program(name, variable):
    """The program named by the environment, or the newest one of the build directories."""
    if os.environ.get(variable):
        return Path(os.environ[variable])
    places = [SOURCE.glob(f"build*/{where}") for where in
              ("arcusplan", "planner/cli/arcusplan", "cacheserver/cacheserver")
              if where.endswith(name)]
    found = [path for paths in places for path in paths if path.is_file()]
    if not found:
        raise FileNotFoundError(f"no {name}: build it (ninja -C build) or name it in {variable}")
    return max(found, key=lambda path: path.stat().st_mtime)


class Arcusplan:
    """The program, run in a directory of its own with a HOME of its own."""

    def __init__(self, directory, program=None):
        self.directory = Path(directory)
        self.program = Path(program or find_program("arcusplan", "ARCUSPLAN"))
        self.sanitizer_log = self.directory / "sanitizer"
        self.env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "ASAN_OPTIONS": f"log_path={self.sanitizer_log}",
            "UBSAN_OPTIONS": f"print_stacktrace=1:log_path={self.sanitizer_log}",
            "TSAN_OPTIONS": f"log_path={self.sanitizer_log}",
        }

    def run(self, *args, timeout=90, env=None, input=None, kill_after=None, kill_when=None,
            check=None):
        """Run it to its end, or SIGKILL it kill_after seconds after its start or when
        kill_when(line), called with every line of stdout, says so. A run that passes the timeout
        is killed and an error. check: the exit status that is expected."""
        process = self.start(*args, env=env, input=input)
        return self.finish(process, timeout, kill_after, kill_when, check)

    def start(self, *args, env=None, input=None):
        argv = [str(self.program), *map(str, args)]
        process = subprocess.Popen(
            argv, cwd=self.directory, env={**self.env, **(env or {})}, text=True,
            stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace")
        process.started = time.monotonic()
        if input is not None:
            process.stdin.write(input)
            process.stdin.close()
        return process

    def finish(self, process, timeout=90, kill_after=None, kill_when=None, check=None):
        out, err = [], []
        killed = threading.Event()

        def kill():
            killed.set()
            process.kill()

        def read_out():
            for line in process.stdout:
                out.append(line)
                if kill_when and not killed.is_set() and kill_when(line):
                    kill()

        readers = [threading.Thread(target=read_out, daemon=True),
                   threading.Thread(target=lambda: err.extend(process.stderr), daemon=True)]
        for reader in readers:
            reader.start()
        late = False
        try:
            spent = time.monotonic() - process.started
            process.wait(timeout=max(kill_after - spent, 0) if kill_after is not None else timeout)
        except subprocess.TimeoutExpired:
            late = kill_after is None
            kill()
            process.wait()
        for reader in readers:
            reader.join(timeout=30)
        result = Result(process.args, process.returncode, "".join(out), "".join(err),
                        time.monotonic() - process.started,
                        process.returncode == -signal.SIGKILL, _events(out))
        if late:
            raise AssertionError(f"still running after {timeout} s: {result}")
        self._check(result, check)
        return result

    def run_on_terminal(self, *args, answers=(), timeout=90, interrupt_when=None, env=None,
                        check=None):
        """Run it on a terminal. answers: pairs (what it asks, what to type). interrupt_when(text)
        presses Ctrl-C once when it is true of what was written so far."""
        argv = [str(self.program), *map(str, args)]
        master, slave = pty.openpty()
        process = subprocess.Popen(
            argv, cwd=self.directory, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=_take_terminal,
            env={**self.env, "TERM": "xterm", **(env or {})})
        os.close(slave)
        started, text, pending = time.monotonic(), "", list(answers)
        asked_from, interrupted = 0, False
        while True:
            if time.monotonic() - started > timeout:
                process.kill()
                process.wait()
                raise AssertionError(f"still running after {timeout} s on a terminal:\n{text}")
            chunk = _read_terminal(master)
            if chunk is None:
                break
            text += chunk
            if pending and pending[0][0] in text[asked_from:]:
                os.write(master, pending.pop(0)[1].encode())
                asked_from = len(text)
            if interrupt_when and not interrupted and interrupt_when(text):
                interrupted = True
                os.write(master, b"\x03")
        rc = process.wait(timeout=60)
        os.close(master)
        result = Result(argv, rc, text.replace("\r\n", "\n"), "", time.monotonic() - started)
        self._check(result, check)
        return result

    def sanitizer_reports(self):
        return "".join(path.read_text(errors="replace")
                       for path in sorted(self.directory.glob("sanitizer.*")))

    def _check(self, result, check):
        if check is not None and result.rc != check:
            raise AssertionError(f"expected status {check}: {result}{self.sanitizer_reports()}")


def _take_terminal():
    import fcntl
    import termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read_terminal(master):
    """What came; "" when nothing came for a moment; None at the end."""
    if not select.select([master], [], [], 0.05)[0]:
        return ""
    try:
        data = os.read(master, 65536)
    except OSError:
        return None
    return data.decode(errors="replace") if data else None


def _events(lines):
    events = []
    for line in lines:
        if line.startswith("{"):
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
    return events
