# Functions that scripts for hosts share; executors/transport/host_shell.h says what they do.
#
# Hosts may lack sed, awk and grep: lines are taken apart by the shell itself. Names that start with
# an underscore are the functions' own, because POSIX sh has no local variables. A pid alone says
# nothing after a reboot or once pids have wrapped round; with its start time it is unique within a
# boot.

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

record_value() {
    [ -f "$1" ] || return 1
    while IFS= read -r _line; do
        case $_line in
        "$2"=*)
            printf '%s\n' "${_line#*=}"
            return 0
            ;;
        esac
    done <"$1"
    return 1
}

process_start() {
    { read -r _stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The name before the last ") " may hold anything; what follows it starts with field 3.
    set -f
    set -- ${_stat##*) }
    set +f
    case $1 in Z | X | '') return 1 ;; esac
    printf '%s\n' "${20}"
}

process_command() {
    { tr '\000\012' '  ' <"/proc/$1/cmdline"; } 2>/dev/null
}

process_alive() {
    process_pid=
    [ -f "$1" ] || return 1
    _pid= _start= _boot= _command=
    while IFS= read -r _line; do
        case $_line in
        pid=*) _pid=${_line#*=} ;;
        start=*) _start=${_line#*=} ;;
        boot=*) _boot=${_line#*=} ;;
        command=*) _command=${_line#*=} ;;
        esac
    done <"$1"
    case $_pid in '' | 0* | *[!0-9]*) return 1 ;; esac
    [ -n "$_start" ] && [ "$_start" = "$(process_start "$_pid")" ] || return 1
    [ "$_boot" = "$(boot_id)" ] || return 1
    if [ -n "$_command" ]; then
        # A process that is just ending has none any more.
        _now=$(process_command "$_pid")
        [ -z "$_now" ] || [ "$_command" = "$_now" ] || return 1
    fi
    process_pid=$_pid
}

boot_id() {
    { read -r _boot_id </proc/sys/kernel/random/boot_id; } 2>/dev/null || _boot_id=
    printf '%s\n' "$_boot_id"
}

sha256_of() {
    _sum=$(sha256sum <"$1") && printf '%s\n' "${_sum%% *}"
}

write_atomically() {
    cat >"$1.new.$$" && chmod "$2" "$1.new.$$" && sync "$1.new.$$" &&
        mv -f "$1.new.$$" "$1" && return 0
    rm -f "$1.new.$$"
    return 1
}
