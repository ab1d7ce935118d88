#!/bin/bash
# Sets up everything that the tests need on a Debian 12 and runs them.
set -u

usage() {
    cat <<'END'
usage: tests/run.sh [--werror] [PART...] [-k EXPRESSION] [-x]

Without a PART everything is run, which takes about a quarter of an hour. The parts are
  unit         unit, golden, layering and replayed fuzz tests, with AddressSanitizer and UBSan
  conformance  the cache server's protocol, with AddressSanitizer and with ThreadSanitizer
  harness      the test hosts that the cluster suite runs on
  cluster      clouds on test hosts, with sanitized programs
-k and -x are handed to pytest. --werror makes compiler warnings errors.
Needs root, or sudo. Leaves nothing behind but build-asan and build-tsan.
END
}

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$root" || exit 1

say() { printf '== %s\n' "$*"; }
give_up() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 1
}

werror=false parts=() pytest_args=()
while [ $# -gt 0 ]; do
    case $1 in
    --werror) werror=true ;;
    -h | --help) usage && exit 0 ;;
    -k) [ $# -ge 2 ] || give_up "-k needs an expression"
        pytest_args+=(-k "$2") && shift ;;
    -x) pytest_args+=(-x) ;;
    unit | conformance | harness | cluster) parts+=("$1") ;;
    *) usage >&2 && exit 64 ;;
    esac
    shift
done
[ ${#parts[@]} -gt 0 ] || parts=(unit conformance harness cluster)
wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        give_up "test hosts need root: run this as root, or install sudo"
    $werror && parts=(--werror "${parts[@]}")
    exec sudo -- "$root/tests/run.sh" "${parts[@]}" "${pytest_args[@]}"
fi

work=$(mktemp -d /tmp/arcusplan-tests-XXXXXX) || give_up "no directory could be made in /tmp"
results=$work/results
mkdir "$results"
jobs=()
clean_up() {
    for job in "${jobs[@]}"; do
        kill -INT -- "-$job" 2>/dev/null && wait "$job" 2>/dev/null
    done
    rm -rf "$work"
    if [ -n "${SUDO_UID:-}" ]; then
        chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" build-asan build-tsan 2>/dev/null
    fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8 TSAN_OPTIONS=suppressions=$root/tests/tsan.supp
exec </dev/null

. "$root/tests/install.sh"
install_packages build test || exit 1
python=/usr/bin/python3
"$python" -c 'import kazoo, pymemcache, pytest' ||
    give_up "$python lacks kazoo, pymemcache or pytest although their packages are installed"
java -version 2>/dev/null || give_up "java does not run: try apt-get install default-jre-headless"

# configure NAME COMPILER MESON-OPTION...
configure() {
    # Reports need the lines of the source, not all that debuggers do: a third less to compile.
    local name=$1 compiler=$2 options=(-Ddebug=false -Dc_args=-g1 -Doptimization=1 "${@:3}")
    say "configuring $name"
    if [ -e "$name/build.ninja" ]; then
        meson configure "$name" "${options[@]}" >"$work/$name.log" 2>&1 || rm -rf "$name"
    fi
    if [ ! -e "$name/build.ninja" ]; then
        rm -rf "$name"
        CC=$compiler CC_LD=gold meson setup "$name" "${options[@]}" >"$work/$name.log" 2>&1 ||
            build_failed "$name"
    fi
}

# build NAME TARGET...
build() {
    say "building $1"
    ninja -C "$@" >>"$work/$1.log" 2>&1 || build_failed "$1"
}

build_failed() { # NAME
    grep -E -A4 'error|FAILED' "$work/$1.log" | head -60
    tail -5 "$work/$1.log"
    echo 1 >"$results/$1.status"
    return 1
}

# ThreadSanitizer and AddressSanitizer cannot lay out their shadow memory under full randomisation.
plain_layout() { setarch "$(uname -m)" --addr-no-randomize "$@"; }

run_meson() { # NAME BUILD [ARGUMENT...]
    local name=$1 build=$2
    shift 2
    say "running $name"
    ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        plain_layout meson test -C "$build" --no-rebuild --print-errorlogs \
        --num-processes $(($(nproc) * 2)) "$@" >"$work/$name.log" 2>&1
    local status=$?
    mv "$build/meson-logs/testlog.json" "$results/$name.meson.json" 2>/dev/null
    [ $status -eq 0 ] || sed -n '/^Summary of Failures/q; p' "$work/$name.log" | tail -150
    if [ $status -ne 0 ] && [ ! -s "$results/$name.meson.json" ]; then
        echo $status >"$results/$name.status"
    fi
}

# A line for each test of the cache server that starts threads: its name, its program.
threaded_tests() { # BUILD
    "$python" - "$1" <<'END'
import json, os, re, subprocess, sys
STARTS = re.compile(r"pthread_create|_start\(|zk_session|zk_server")

def introspect(what):
    return json.loads(subprocess.check_output(["meson", "introspect", what, sys.argv[1]]))

programs = {target["filename"][0] for target in introspect("--targets")
            for group in target["target_sources"] for source in group.get("sources", [])
            if "/tests/unit/cacheserver/" in source and STARTS.search(open(source).read())}
for test in introspect("--tests"):
    if test["cmd"][0] in programs:
        print(test["name"], os.path.relpath(test["cmd"][0], sys.argv[1]), sep="\t")
END
}

run_pytest() { # NAME PATH...
    local name=$1
    shift
    say "running $name"
    plain_layout "$python" -m pytest -c tests/pytest.ini --basetemp="$work/$name" -q -rf \
        --junit-xml="$results/$name.junit.xml" "${pytest_args[@]}" "$@" >"$work/$name.log" 2>&1
    local status=$?
    rm -rf "${work:?}/$name"
    if [ $status -ne 0 ] && [ $status -ne 5 ]; then
        tail -250 "$work/$name.log"
        grep -qs '<testcase' "$results/$name.junit.xml" || echo $status >"$results/$name.status"
    fi
}

scripts=tests/conformance/test_scripts.py

build_with_threads() {
    configure build-tsan clang -Dwerror=$werror -Db_sanitize=thread -Db_lundef=false &&
        build build-tsan cacheserver/cacheserver tests/conformance/feed
}

conformance_with_threads() {
    # Cut input goes to a program with one thread.
    CACHESERVER=$root/build-tsan/cacheserver/cacheserver \
        run_pytest conformance-tsan tests/conformance \
        --deselect "${scripts#tests/}::test_a_request_may_arrive_cut_at_any_byte" \
        --deselect "${scripts#tests/}::test_the_server_takes_single_bytes"
}

# These compute rather than wait: one after the other, and after all that waits.
test_units() { # WITH-THREADS
    renice -n 5 $BASHPID >/dev/null
    ! wants unit || run_meson unit build-asan --no-suite conformance
    $1 || return
    threaded_tests build-tsan >"$work/server-tests"
    mapfile -t server_tests < <(cut -f1 "$work/server-tests")
    mapfile -t programs < <(cut -f2 "$work/server-tests")
    build build-tsan "${programs[@]}" && run_meson unit-tsan build-tsan "${server_tests[@]}"
}

# Parts run side by side, as much of what they do is waiting, each in a process group of its own, so
# that it can be stopped as a whole.
aside() { # COMMAND...
    set -m
    "$@" &
    set +m
    jobs+=($!)
}

# gcc warns of code paths that only its own checks for undefined behaviour bring in.
if configure build-asan gcc -Dwerror=false -Db_sanitize=address,undefined && build build-asan; then
    export ARCUSPLAN=$root/build-asan/planner/cli/arcusplan
    export CACHESERVER=$root/build-asan/cacheserver/cacheserver
    with_threads=false
    for shard in 1 2 3; do
        ! wants cluster || SHARD=$shard/3 aside run_pytest "cluster-$shard" tests/cluster
    done
    ! wants harness || aside run_pytest harness tests/harness
    if wants conformance; then
        aside run_pytest conformance-asan tests/conformance --ignore "$scripts"
        aside run_pytest scripts-asan "$scripts"
        if build_with_threads; then
            with_threads=true
            aside conformance_with_threads
        fi
    fi
    aside test_units $with_threads
    wait "${jobs[@]}"
    jobs=()
fi

"$python" - "$results" <<'END'
import sys
sys.path.insert(0, "tests")
from harness.tally import main
sys.exit(main())
END
