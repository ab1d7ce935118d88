"""What may include what. Every check returns its findings as FILE:LINE: sentence."""
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .tree import TOP

# A library's header belongs to the one module that hides it from the others.
HIDDEN = {
    "yaml.h": ("planner/spec",),
    "sqlite3.h": ("statedb",),
    "libssh/": ("executors/transport",),
    "archive.h": ("executors/steps",),
    "sasl/": ("cacheserver/auth",),
    "archive_entry.h": ("executors/steps",),
}
COMPILE = ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-DTHREADED", "-Wall", "-Wextra", "-Werror",
           "-Wno-unused-function", "-fsyntax-only", "-x", "c", "-"]


def check_stray_files(tree):
    return [f"{path}:1: lies in no directory of the list `modules` in the root meson.build"
            for path in tree.sources
            if path.split("/")[0] in TOP and tree.module_of(path) is None]


def check_include_paths(tree):
    """Project files are included with quotes and from the root, and exist."""
    findings = []
    for source in tree.sources.values():
        for include in source.includes:
            place = f"{source.path}:{include.line}"
            if include.quoted and include.name not in tree.sources:
                findings.append(f'{place}: "{include.name}" is no file below the root')
            elif not include.quoted and include.name.split("/")[0] in TOP:
                findings.append(f"{place}: <{include.name}> is ours: include it with quotes")
    return findings


def check_order(tree):
    """A module includes from itself and from those before it; nobody includes from tests."""
    findings = []
    rank = {module: number for number, module in enumerate(tree.modules)}
    for source in tree.sources.values():
        module = tree.module_of(source.path)
        if module is None:
            continue
        for include in source.includes:
            if not include.quoted or include.name not in tree.sources:
                continue
            other = tree.module_of(include.name)
            place = f"{source.path}:{include.line}"
            if other is None:
                findings.append(f"{place}: {include.name} lies in no module")
            elif rank[other] > rank[module]:
                findings.append(f"{place}: {module} includes from {other}, which comes later")
    return findings


def check_hidden_libraries(tree):
    findings = []
    for source in tree.sources.values():
        module = tree.module_of(source.path)
        for include in source.includes:
            for header, owners in HIDDEN.items():
                fits = include.name.startswith(header) if header[-1] == "/" \
                    else include.name == header
                if module and fits and module not in owners:
                    findings.append(f"{source.path}:{include.line}: only {', '.join(owners)} "
                                    f"may know {include.name}")
    return findings


def check_cycles(tree):
    """No file includes itself through others. A finding names a cycle from its first file on."""
    cycles, done = set(), set()

    def visit(path, trail):
        if path in trail:
            cycle = trail[trail.index(path):]
            first = cycle.index(min(cycle))
            cycles.add(tuple(cycle[first:] + cycle[:first]))
        elif path not in done:
            for include in tree.sources[path].includes:
                if include.name in tree.sources:
                    visit(include.name, [*trail, path])
            done.add(path)

    for path in sorted(tree.sources):
        visit(path, [])
    return [f"{cycle[0]}:1: includes itself: {' -> '.join([*cycle, cycle[0]])}"
            for cycle in sorted(cycles)]


def check_pragma_once(tree):
    return [f"{header.path}:1: has no #pragma once" for header in tree.headers()
            if not any(line.strip() == "#pragma once" for line in header.text.splitlines())]


def check_headers_compile_alone(tree):
    def compile_alone(header):
        text = f'#include "{header.path}"\n#include "{header.path}"\n'
        done = subprocess.run([*COMPILE, "-I", str(tree.root)], input=text, text=True,
                              capture_output=True)
        if done.returncode == 0:
            return None
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        return f"{header.path}:1: does not compile alone: {first.strip()}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [finding for finding in pool.map(compile_alone, tree.headers()) if finding]
