# In: install_dir, name, version, digest, release. Prints "unchanged", or "have" when the release is
# there but not current, or "need".
if ! [ -d "$install_dir/releases/$release" ]; then
    echo need
elif [ "$(readlink "$install_dir/current")" = "releases/$release" ] &&
    [ "$(record_word "$install_dir/manifest" current)" = "$name $version $digest" ]; then
    echo unchanged
else
    echo have
fi
