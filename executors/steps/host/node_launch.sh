# In: run, attributes, address, hostname, server, user, supervise, signal, and the function
# server_arguments, which runs its own arguments followed by those of the server. Starts the cache
# server unless it runs.
mkdir -p "$run" || exit 1
command -v setsid >/dev/null || lacks "there is no setsid (package util-linux)"
if [ "$(id -u)" = 0 ]; then
    id -u "$user" >/dev/null 2>&1 || lacks "there is no user $user to run the server as"
    set -- -u "$user"
else
    set --
fi
start_server() {
    if [ "$supervise" = systemd ]; then
        launch_unit "$signal" "$@"
    else
        launch "$@"
    fi
}
server_arguments start_server "$run" "$attributes" env "ARCUS_CACHE_PUBLIC_IP=$address" \
    "ARCUS_CACHE_HOSTNAME_OVERWRITE=$hostname" "$server" "$@"
echo started
