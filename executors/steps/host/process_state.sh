# In: run. Prints "alive PID" and settles the record, or "dead" and the end of the log.
if process_alive "$run/started"; then
    settle "$run/started"
    echo "alive $process_pid"
else
    echo dead
    tail -n 5 "$run/log" 2>/dev/null
fi
