# In: run, signal, seconds. Prints "unchanged", "stopped" or "killed".
stop_process "$run/started" "$signal" "$seconds"
