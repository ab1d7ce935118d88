#!/bin/bash
# Sets up everything that the tests need on a Debian 12 and runs them.
set -u

usage() {
    cat <<'END'
usage: tests/run.sh [--werror] [PART...] [-k EXPRESSION] [-x]

Without a PART everything is run, which takes up to half an hour. The parts are
  unit         unit, golden, layering and replayed fuzz tests, plain and with sanitizers
  conformance  the cache server's protocol, with AddressSanitizer and with ThreadSanitizer
  harness      the test hosts that the cluster suite runs on
  cluster      clouds on test hosts, with sanitized programs
-k and -x are handed to pytest. --werror makes compiler warnings errors.
Needs root, or sudo. Leaves nothing behind but build, build-asan and build-tsan.
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
        kill "$job" 2>/dev/null && wait "$job" 2>/dev/null
    done
    rm -rf "$work"
    if [ -n "${SUDO_UID:-}" ]; then
        chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" build build-asan build-tsan 2>/dev/null
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

# build NAME COMPILER MESON-OPTION...
build() {
    local name=$1 compiler=$2 werror=$werror
    shift 2
    # gcc warns of code paths that only its own checks for undefined behaviour bring in.
    [ "$name" != build-asan ] || werror=false
    say "building $name"
    local log=$work/$name.log status=0
    if [ -e "$name/build.ninja" ]; then
        meson configure "$name" -Dwerror=$werror "$@" >"$log" 2>&1 || rm -rf "$name"
    fi
    if [ ! -e "$name/build.ninja" ]; then
        rm -rf "$name"
        CC=$compiler meson setup "$name" -Dwerror=$werror "$@" >"$log" 2>&1 || status=$?
    fi
    [ $status -ne 0 ] || ninja -C "$name" >>"$log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then
        grep -E -A4 'error|FAILED' "$log" | head -60
        tail -5 "$log"
        printf '0 passed, 1 failed\n'
        give_up "$name does not build: see above"
    fi
}

# ThreadSanitizer and AddressSanitizer cannot lay out their shadow memory under full randomisation.
plain_layout() { setarch "$(uname -m)" --addr-no-randomize "$@"; }

run_meson() { # NAME BUILD [ARGUMENT...]
    local name=$1 build=$2
    shift 2
    say "running $name"
    ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        plain_layout meson test -C "$build" --no-rebuild --print-errorlogs "$@" >"$work/$name.log" 2>&1
    local status=$?
    mv "$build/meson-logs/testlog.json" "$results/$name.meson.json" 2>/dev/null
    [ $status -eq 0 ] || sed -n '/^Summary of Failures/q; p' "$work/$name.log" | tail -150
    if [ $status -ne 0 ] && [ ! -s "$results/$name.meson.json" ]; then
        echo $status >"$results/$name.status"
    fi
}

# The tests whose sources lie in tests/unit/cacheserver.
cacheserver_tests() { # BUILD
    "$python" - "$1" <<'END'
import json, subprocess, sys
listed = subprocess.run(["meson", "introspect", "--tests", sys.argv[1]],
                        capture_output=True, text=True, check=True).stdout
for test in json.loads(listed):
    if "/tests/unit/cacheserver/" in test["cmd"][0]:
        print(test["name"])
END
}

run_pytest() { # NAME PATH...
    local name=$1
    shift
    plain_layout "$python" -m pytest -c tests/pytest.ini --basetemp="$work/$name" -q -rf \
        --junit-xml="$results/$name.junit.xml" "${pytest_args[@]}" "$@" >"$work/$name.log" 2>&1
    local status=$?
    rm -rf "${work:?}/$name"
    if [ $status -ne 0 ] && [ $status -ne 5 ]; then
        tail -250 "$work/$name.log"
        grep -qs '<testcase' "$results/$name.junit.xml" || echo $status >"$results/$name.status"
    fi
}

run_together() { # starts run_pytest in the background; wait_together waits for all of them
    say "running $1"
    run_pytest "$@" &
    jobs+=($!)
}
wait_together() {
    wait "${jobs[@]}"
    jobs=()
}

build build gcc -Dbuildtype=debugoptimized -Db_sanitize=none
build build-asan gcc -Dbuildtype=debugoptimized -Db_sanitize=address,undefined
if wants unit; then
    run_meson unit build --no-suite conformance
    run_meson unit-asan build-asan --no-suite style --no-suite conformance
fi
if wants conformance; then
    build build-tsan clang -Dbuildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false
    mapfile -t server_tests < <(cacheserver_tests build-tsan)
    run_meson unit-tsan build-tsan "${server_tests[@]}"
    CACHESERVER=$root/build-asan/cacheserver/cacheserver \
        run_together conformance-asan tests/conformance
    # Input that is cut at every byte goes to a program with one thread.
    CACHESERVER=$root/build-tsan/cacheserver/cacheserver \
        run_together conformance-tsan tests/conformance --deselect \
        conformance/test_scripts.py::test_a_request_may_arrive_cut_at_any_byte
    wait_together
fi
if wants harness; then
    run_together harness tests/harness
    wait_together
fi
if wants cluster; then
    export ARCUSPLAN=$root/build-asan/planner/cli/arcusplan
    export CACHESERVER=$root/build-asan/cacheserver/cacheserver
    for shard in 1 2; do
        SHARD=$shard/2 run_together "cluster-$shard" tests/cluster
    done
    wait_together
fi

"$python" - "$results" <<'END'
import sys
sys.path.insert(0, "tests")
from harness.tally import main
sys.exit(main())
END
