# Prints what a host holds, one fact a line: a word, then fields separated by single blanks.
# Whatever may contain any bytes is base64; "-" stands for what is missing. host_probe_parse.c reads
# it, and executors/transport/host_shell.sh comes before it.

probe_text() {
    if [ -n "$1" ]; then
        printf '%s' "$1" | base64 -w 0
    else
        printf -
    fi
}

# probe_file WORD INDEX FILE LIMIT: nothing without the file.
probe_file() {
    [ -f "$3" ] || return 0
    printf '%s %s ' "$1" "$2"
    head -c "$4" "$3" | base64 -w 0
    printf '\n'
}

# probe_process WORD INDEX NAME STARTED
probe_process() {
    _state=dead
    process_alive "$4" && _state=alive
    printf '%s %s %s %s %s ' "$1" "$2" "$(probe_text "$3")" "$_state" "${process_pid:-0}"
    if [ -f "$4" ]; then
        head -c 65536 "$4" | base64 -w 0
    else
        printf -
    fi
    printf '\n'
}

# probe_space WORD INDEX DIR: of the nearest directory that exists.
probe_space() {
    _dir=$3
    while [ -n "$_dir" ] && ! [ -d "$_dir" ]; do
        _dir=${_dir%/*}
    done
    df -Pk "${_dir:-/}" 2>/dev/null | {
        read -r _
        read -r _ _ _ _free _ && printf '%s %s %s\n' "$1" "$2" "$_free"
    }
}

probe_java() {
    _java=$(command -v java) || return 0
    # Starting a Java machine only to learn its version costs more than all the rest.
    _home=$(readlink -f "$_java")
    _version=$(record_value "${_home%/bin/java}/release" JAVA_VERSION) ||
        _version=$(java -version 2>&1 </dev/null | head -n 1)
    printf 'java %s %s\n' "$(probe_text "$_java")" "$(probe_text "$_version")"
}

probe_host() {
    printf 'uid %s\n' "$(id -u)"
    printf 'boot %s\n' "$(probe_text "$(boot_id)")"
    printf 'clock %s\n' "$(date +%s%3N)"
    for _tool in tar gzip sha256sum setsid; do
        command -v "$_tool" >/dev/null && printf 'tool %s\n' "$_tool"
    done
    probe_java
}

manifest_head() {
    while IFS= read -r _line; do
        case $_line in
        'file '*) break ;;
        esac
        printf '%s\n' "$_line"
    done
}

probe_install_dir() {
    probe_space install_free "$1" "$2"
    if [ -f "$2/manifest" ]; then
        printf 'manifest %s ' "$1"
        manifest_head <"$2/manifest" | head -c 65536 | base64 -w 0
        printf '\n'
    fi
    [ -d "$2/current/" ] &&
        printf 'current %s %s\n' "$1" "$(probe_text "$(readlink "$2/current")")"
    for _run in "$2"/run/*/; do
        [ -d "$_run" ] || continue
        _name=${_run%/}
        probe_process run "$1" "${_name##*/}" "${_run}started"
    done
}

probe_data_dir() {
    probe_space data_free "$1" "$2"
    probe_file myid "$1" "$2/myid" 64
    probe_file zoo_cfg "$1" "$2/conf/zoo.cfg" 65536
    [ -d "$2/version-2" ] && printf 'data %s\n' "$1"
    [ -d "$2/run" ] && probe_process server "$1" - "$2/run/started"
    return 0
}

probe_end() {
    printf 'end\n'
}
