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
# script was cut may just be starting the server, and the record is there before the port is.
check_server() {
    _inode=$(listener_inode "$3") || _inode=
    if process_alive "$1"; then
        _how=other
        ! record_matches "$1" "$2" || _how=same
        echo "$_how $process_pid"
    elif [ -z "$_inode" ]; then
        echo none
    elif _owner=$(socket_owner "$_inode"); then
        port_in_use "port $3 is taken by process $_owner: $(process_command "$_owner")"
    else
        port_in_use "port $3 is taken by a process of another user"
    fi
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
# "unchanged", "stopped" or "killed". The record goes with the process.
stop_process() {
    if drop_dead "$1"; then
        echo unchanged
        return 0
    fi
    _victim=$process_pid
    _how=stopped
    _tries=0
    kill "-$2" "$_victim" || fail "process $_victim cannot be stopped"
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
    rm -f "$_run"/started.*
    if [ -f "$_run/log" ] && [ "$(stat -c %s "$_run/log")" -gt 16777216 ]; then
        mv -f "$_run/log" "$_run/log.1"
    fi
    : >>"$_run/log" || fail "$_run/log cannot be written"
    setsid sh -c "$launcher" arcusplan-launch "$@" </dev/null >>"$_run/log" 2>&1 &
    _tries=0
    until [ -f "$_run/started" ]; do
        _tries=$((_tries + 1))
        [ "$_tries" -le 200 ] || fail "the server was not started: $(tail -n 1 "$_run/log")"
        sleep 0.02
    done
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
