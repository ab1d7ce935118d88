"""Network and mount namespaces for the calling thread, and children that die with it.

Everything a lab makes lives in namespaces that the kernel takes down with their last process, so a
killed test run leaves no bridge, no mount and no daemon behind.
"""
import ctypes
import os
import shlex
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function, *args):
    if function(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def sh(command, timeout=60):
    """Run one command line of the set-up; its output is the error's text when it fails."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class PrivateNamespaces:
    """Moves the calling thread into a network and a mount namespace of its own and back.

    Threads and processes started meanwhile are in there too: a kazoo client made by the test
    speaks to the test hosts, and the program under test does.
    """

    def __init__(self):
        self._net = None

    def enter(self):
        self._net = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _call(_libc.unshare, CLONE_NEWNET | CLONE_NEWNS)
        sh("mount --make-rprivate /")
        sh("ip link set lo up")

    def leave(self):
        """Give back the network. The mounts that were made stay in the thread's own mount
        namespace, where nobody else sees them; whoever made them unmounts them."""
        if self._net is None:
            return
        _call(_libc.setns, self._net, CLONE_NEWNET)
        os.close(self._net)
        self._net = None


def spawn(argv, **options):
    """Popen of a child that the kernel kills when the calling thread ends, however it ends."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], **options)
