# In: run, attributes. Writes the settings that the running server has taken into its record.
process_alive "$run/started" || fail "the server has ended meanwhile"
{
    while IFS= read -r line; do
        case $line in
        attr.*) ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$run/started"
    printf '%s' "$attributes"
} | write_atomically "$run/started" 0644 || exit 1
echo tuned
