"""The source tree as the checks see it: modules in order, C files, and what they include."""
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOP = ("planner", "cacheserver", "statedb", "executors")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
MODULE_LIST = re.compile(r"^modules\s*=\s*\[(.*?)\]", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Include:
    line: int
    quoted: bool
    name: str


@dataclass
class Source:
    path: str
    text: str
    includes: list = field(default_factory=list)

    @property
    def directory(self):
        return str(Path(self.path).parent)


class Tree:
    """root holds a meson.build with `modules = [...]` and the directories it names."""

    def __init__(self, root=ROOT):
        self.root = Path(root)
        self.modules = self._read_modules()
        self.sources = {}
        for top in (*TOP, "tests"):
            for path in sorted((self.root / top).rglob("*")):
                if path.suffix in (".c", ".h", ".def"):
                    self._read(path)

    def module_of(self, path):
        """The module a file lies in, the longest match; None for tests and strays."""
        fits = [module for module in self.modules if path.startswith(module + "/")]
        return max(fits, key=len) if fits else None

    def c_files(self):
        return [source for source in self.sources.values() if not source.path.endswith(".def")]

    def headers(self):
        return [source for source in self.sources.values() if source.path.endswith(".h")]

    def _read_modules(self):
        found = MODULE_LIST.search((self.root / "meson.build").read_text())
        if not found:
            raise ValueError("the root meson.build has no list `modules = [...]`")
        return re.findall(r"'([^']+)'", found.group(1))

    def _read(self, path):
        name = path.relative_to(self.root).as_posix()
        text = path.read_bytes().decode(errors="replace")
        bare = COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
        source = Source(name, text)
        for match in INCLUDE.finditer(bare):
            line = bare.count("\n", 0, match.start(2)) + 1
            source.includes.append(Include(line, match.group(1) == '"', match.group(2)))
        self.sources[name] = source
