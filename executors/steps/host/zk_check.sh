# In: run, port, attributes, home. What runs there: prints "same PID", "other PID" or "none".
if process_alive "$run/started"; then
    if record_matches "$run/started" "$attributes"; then
        echo "same $process_pid"
    else
        echo "other $process_pid"
    fi
    exit 0
fi
need_port "$port"
[ -x "$home/bin/zkServer.sh" ] || lacks "there is no $home/bin/zkServer.sh"
[ -n "$JAVA_HOME" ] && [ -x "$JAVA_HOME/bin/java" ] || command -v java >/dev/null ||
    lacks "there is no java"
echo none
