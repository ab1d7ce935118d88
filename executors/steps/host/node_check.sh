# In: run, port, attributes, server. What runs there: prints "same PID", "other PID" or "none".
found=$(check_server "$run/started" "$attributes" "$port") || exit
[ "$found" != none ] || [ -x "$server" ] || lacks "there is no program $server"
echo "$found"
