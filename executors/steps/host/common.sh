# Functions that the step scripts share. They come after executors/transport/host_shell.sh, and after
# lines that set the variables which each script names at its top.
#
# A script says how it went in the last line that it prints (host_script.h) and fails with a status
# that tells what kind of fault it is: host_script.c has the list.

lacks() {
    printf '%s\n' "$*" >&2
    exit 10
}

port_in_use() {
    printf '%s\n' "$*" >&2
    exit 11
}

wrong_myid() {
    printf '%s\n' "$*" >&2
    exit 12
}

disk_full() {
    printf '%s\n' "$*" >&2
    exit 13
}

# need_space DIRECTORY KILOBYTES: of the nearest directory that exists.
need_space() {
    _dir=$1
    while [ -n "$_dir" ] && ! [ -d "$_dir" ]; do
        _dir=${_dir%/*}
    done
    _free=$(df -Pk "${_dir:-/}" | {
        read -r _
        read -r _ _ _ _kb _
        printf '%s' "$_kb"
    })
    case $_free in '' | *[!0-9]*) return 0 ;; esac
    [ "$_free" -ge "$2" ] ||
        disk_full "$1 has $_free KB free, of which $2 are needed"
}

# listener_inode PORT: the inode of a socket that listens on the port; status 1 without one.
listener_inode() {
    _hex=$(printf ':%04X' "$1")
    for _table in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$_table" ] || continue
        while read -r _ _local _ _state _ _ _ _ _ _inode _; do
            case $_state:$_local in
            "0A:"*"$_hex")
                printf '%s\n' "$_inode"
                return 0
                ;;
            esac
        done <"$_table"
    done
    return 1
}

# socket_owner INODE: the pid of a process that holds the socket; status 1 when none can be seen.
socket_owner() {
    _owner=$(ls -l /proc/[0-9]*/fd 2>/dev/null | while read -r _line; do
        case $_line in
        /proc/*/fd:)
            _pid=${_line#/proc/}
            _pid=${_pid%%/*}
            ;;
        *" socket:[$1]")
            printf '%s' "$_pid"
            break
            ;;
        esac
    done)
    printf '%s\n' "$_owner"
    [ -n "$_owner" ]
}

# check_server STARTED ATTRIBUTES PORT: prints "same PID", "other PID" (it runs with other attributes)
# or "none"; fails when another process has the port. The port is looked at first: a launcher whose
# script was cut may just be starting the server, and the record is there before the port is. A
# server that is just ending may have the port a moment longer than it is alive.
check_server() {
    _tries=0
    while :; do
        _inode=$(listener_inode "$3") || _inode=
        if process_alive "$1"; then
            _how=other
            ! record_matches "$1" "$2" || _how=same
            echo "$_how $process_pid"
            return 0
        fi
        if [ -z "$_inode" ]; then
            echo none
            return 0
        fi
        _tries=$((_tries + 1))
        [ "$_tries" -le 20 ] || break
        sleep 0.05
    done
    _owner=$(socket_owner "$_inode") || port_in_use "port $3 is taken by a process of another user"
    port_in_use "port $3 is taken by process $_owner: $(process_command "$_owner")"
}

# record_matches STARTED ATTRIBUTES: whether the record holds these attr.NAME=VALUE lines and no
# others.
record_matches() {
    _old=
    while IFS= read -r _line; do
        case $_line in
        attr.*) _old="$_old$_line
" ;;
        esac
    done <"$1"
    [ "$_old" = "$2" ]
}

# settle STARTED: adds the command line to the record of a live process that lacks it.
settle() {
    process_alive "$1" || return 1
    record_value "$1" command >/dev/null && return 0
    {
        cat "$1"
        printf 'command=%s\n' "$(process_command "$process_pid")"
    } | write_atomically "$1" 0644
}

# drop_dead STARTED: removes the record of a process that is gone; status 1 when it lives. A launcher
# whose script was cut may just be writing its record: so the record is taken away first and then
# looked at once more.
drop_dead() {
    process_alive "$1" && return 1
    mv -f "$1" "$1.dead.$$" 2>/dev/null || return 0
    if process_alive "$1.dead.$$"; then
        ln "$1.dead.$$" "$1"
        rm -f "$1.dead.$$"
        return 1
    fi
    rm -f "$1.dead.$$"
}

# stop_process STARTED SIGNAL SECONDS: until it is gone; after that time with SIGKILL. Prints
# "unchanged", "stopped" or "killed". The record goes with the process, and so does a unit that would
# start it again.
stop_process() {
    if drop_dead "$1"; then
        drop_unit "${1%/*}"
        echo unchanged
        return 0
    fi
    _victim=$process_pid
    _how=stopped
    _tries=0
    drop_unit "${1%/*}"
    ! process_alive "$1" || kill "-$2" "$_victim" || fail "process $_victim cannot be stopped"
    while process_alive "$1"; do
        _tries=$((_tries + 1))
        if [ "$_tries" -eq $(($3 * 20)) ]; then
            kill -KILL "$_victim"
            _how=killed
        fi
        [ "$_tries" -lt $(($3 * 20 + 200)) ] || fail "process $_victim survives SIGKILL"
        sleep 0.05
    done
    rm -f "$1"
    echo "$_how"
}

# The launcher becomes the server: it writes the record of its own pid and then execs. The record is
# made by a link, which only one of two launchers can make.
launcher='
run=$1 attributes=$2
shift 2
read -r stat <"/proc/$$/stat"
read -r boot </proc/sys/kernel/random/boot_id
set -f
start=$(set -- ${stat##*) }; printf %s "${20}")
set +f
printf "pid=%s\nstart=%s\nboot=%s\n%s" "$$" "$start" "$boot" "$attributes" >"$run/started.$$" &&
    ln "$run/started.$$" "$run/started" || exit 1
rm -f "$run/started.$$"
exec "$@"
'

# launch RUN ATTRIBUTES COMMAND…: with the log RUN/log, once a dead record is out of the way. Waits
# until the new record is there.
launch() {
    _run=$1
    drop_dead "$_run/started" || return 0
    drop_unit "$_run"
    rm -f "$_run"/started.*
    fresh_log "$_run"
    setsid sh -c "$launcher" arcusplan-launch "$@" </dev/null >>"$_run/log" 2>&1 &
    await_record "$_run"
}

# fresh_log RUN: room in it, and a sign that it can be written.
fresh_log() {
    if [ -f "$1/log" ] && [ "$(stat -c %s "$1/log")" -gt 16777216 ]; then
        mv -f "$1/log" "$1/log.1"
    fi
    : >>"$1/log" || fail "$1/log cannot be written"
}

# await_record RUN: until a launcher has written it.
await_record() {
    _tries=0
    until [ -f "$1/started" ]; do
        _tries=$((_tries + 1))
        [ "$_tries" -le 200 ] || fail "the server was not started: $(tail -n 1 "$1/log")"
        sleep 0.02
    done
}

# quoted WORD…: the words, quoted for a shell.
quoted() {
    for _word; do
        printf " '"
        while :; do
            case $_word in
            *\'*) printf "%s'\\\\''" "${_word%%\'*}" ;;
            *) break ;;
            esac
            _word=${_word#*\'}
        done
        printf "%s'" "$_word"
    done
}

# unit_of RUN: the systemd unit of the server of this run directory.
unit_of() {
    printf 'arcus-%s.service' "${1##*/}"
}

unit_directory=/etc/systemd/system

# launch_unit SIGNAL RUN ATTRIBUTES COMMAND…: as launch, but by a systemd unit, which also starts the
# server at boot and after a crash. RUN/launch does what the launcher does, once the record of the
# unit's former process is gone. A server that comes back has to wait until ZooKeeper forgets its old
# session, so systemd never gives up.
launch_unit() {
    _signal=$1 _run=$2
    shift
    [ "$(id -u)" = 0 ] ||
        lacks "only root can install systemd units: set ssh.become to sudo, or supervise to daemon"
    [ -d /run/systemd/system ] || lacks "there is no systemd: set supervise to daemon"
    drop_dead "$_run/started" || return 0
    fresh_log "$_run"
    {
        printf '#!/bin/sh\n# Run by %s.\nset --' "$(unit_of "$_run")"
        quoted "$@"
        printf '\nrm -f "$1/started" "$1"/started.*\n%s' "$launcher"
    } | write_atomically "$_run/launch" 0755 || fail "$_run/launch cannot be written"
    {
        printf '[Unit]\nDescription=Arcus cache node %s\n' "${_run##*/}"
        printf 'Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n'
        printf '[Service]\nExecStart=/bin/sh "%s/launch"\nKillSignal=SIG%s\n' "$_run" "$_signal"
        printf 'Restart=always\nRestartSec=5\nTimeoutStopSec=20\nLimitNOFILE=65536\n'
        printf 'StandardOutput=append:%s/log\nStandardError=inherit\n' "$_run"
        printf '[Install]\nWantedBy=multi-user.target\n'
    } | write_atomically "$unit_directory/$(unit_of "$_run")" 0644 || fail "the unit cannot be written"
    systemctl daemon-reload && systemctl --quiet enable "$(unit_of "$_run")" &&
        systemctl start "$(unit_of "$_run")" || fail "systemd does not start $(unit_of "$_run")"
    await_record "$_run"
}

# drop_unit RUN: stops and removes the unit, if there is one.
drop_unit() {
    [ -f "$unit_directory/$(unit_of "$1")" ] || return 0
    systemctl --quiet disable --now "$(unit_of "$1")" || fail "systemd does not stop $(unit_of "$1")"
    rm -f "$unit_directory/$(unit_of "$1")" "$1/launch"
    systemctl daemon-reload
}

# short DIGEST: its first 12 digits.
short() {
    printf '%.12s' "$1"
}

# record_word FILE WORD: what follows the word and a blank in the first line that starts with it.
record_word() {
    [ -f "$1" ] || return 1
    while IFS= read -r _line; do
        case $_line in
        "$2 "*)
            printf '%s\n' "${_line#* }"
            return 0
            ;;
        esac
    done <"$1"
    return 1
}
