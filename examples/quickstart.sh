#!/bin/bash
# Installs what is needed on a Debian 12, builds, and brings up an Arcus cloud on this machine.
set -u

usage() {
    cat <<'END'
usage: examples/quickstart.sh [NAME=VALUE]...

Brings up the cloud of examples/local.yaml: one ZooKeeper server and two cache nodes. May be run
again. The variables that may be given are zookeeper_port (2181), node_ports (11211-11212) and
directory (/var/tmp/arcus-quickstart). Needs root, or sudo.
END
}

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cd "$root" || exit 1

give_up() {
    printf 'examples/quickstart.sh: %s\n' "$*" >&2
    exit 1
}
show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

zookeeper_port=2181 node_ports=11211-11212 directory=/var/tmp/arcus-quickstart
variables=()
for argument in "$@"; do
    case $argument in
    zookeeper_port=* | node_ports=* | directory=*)
        declare "$argument"
        variables+=(--var "$argument") ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 64 ;;
    esac
done

if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        give_up "packages have to be installed: run this as root, or install sudo"
    exec sudo -- "$root/examples/quickstart.sh" "$@"
fi
if [ -n "${SUDO_UID:-}" ]; then
    trap 'chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" build examples/.arcusplan 2>/dev/null' EXIT
fi
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
exec </dev/null

. "$root/tests/install.sh"
install_packages build run || exit 1
java -version 2>/dev/null || give_up "java does not run: try apt-get install default-jre-headless"

log=$(mktemp) || exit 1
echo '== building'
if { [ -e build/build.ninja ] || meson setup build; } >"$log" 2>&1 &&
    ninja -C build planner/cli/arcusplan cacheserver/cacheserver >>"$log" 2>&1; then
    rm -f "$log"
else
    tail -30 "$log"
    rm -f "$log"
    give_up "the build failed: see above; a build directory of another kind can simply be removed"
fi
arcusplan=build/planner/cli/arcusplan

# What is ours from an earlier run may hold the ports; then there is a state database.
if [ ! -e examples/.arcusplan/state.db ]; then
    for port in "$zookeeper_port" "${node_ports%-*}" "${node_ports#*-}"; do
        if ss -Hltn "sport = :$port" | grep -q .; then
            give_up "port $port is taken: stop what listens there, or choose other ports" \
                "(examples/quickstart.sh zookeeper_port=22181 node_ports=21211-21212)"
        fi
    done
fi

show $arcusplan plan examples/local.yaml "${variables[@]}" || give_up "there is no plan: see above"
show $arcusplan apply examples/local.yaml "${variables[@]}" --yes ||
    give_up "the cloud is not complete: mend what is said above and run this again"
show $arcusplan status examples/local.yaml "${variables[@]}" || give_up "the cloud has no status"
show /usr/bin/python3 examples/client.py "127.0.0.1:$zookeeper_port" quickstart \
    hello=world key=value arcus=cloud || give_up "the cloud does not keep values: see above"

cat <<END

The cloud is up. Take it down with
  ${SUDO_UID:+sudo }$arcusplan destroy examples/local.yaml ${variables[*]}${variables[*]:+ }--yes --purge
END
