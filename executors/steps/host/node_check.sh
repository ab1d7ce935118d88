# In: run, port, attributes, server. What runs there: prints "same PID", "other PID" or "none".
if process_alive "$run/started"; then
    if record_matches "$run/started" "$attributes"; then
        echo "same $process_pid"
    else
        echo "other $process_pid"
    fi
else
    need_port "$port"
    [ -x "$server" ] || lacks "there is no program $server"
    echo none
fi
