# In: run, port, attributes, home. What runs there: prints "same PID", "other PID" or "none".
found=$(check_server "$run/started" "$attributes" "$port") || exit
if [ "$found" = none ]; then
    [ -x "$home/bin/zkServer.sh" ] || lacks "there is no $home/bin/zkServer.sh"
    [ -x "$JAVA_HOME/bin/java" ] || command -v java >/dev/null || lacks "there is no java"
fi
echo "$found"
