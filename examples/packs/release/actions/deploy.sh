# Deploy a version. Running it again for the same version changes nothing.
set -euo pipefail
. "$ATTUNE_PARAMETER_FILE"
. lib/environments.sh

if [ -e "$(freeze_of "$environment")" ]; then
    say "$environment is frozen: nothing is deployed there now"
    exit 1
fi

history=$(history_of "$service" "$environment")
previous=$(running "$history")
say "deploying $service $version to $environment"
sleep 0.5 # as if it were hard work
if [ "$previous" != "$version" ]; then
    echo "$version" >> "$history"
fi
printf '{"environment": "%s", "version": "%s", "previous": "%s"}\n' \
    "$environment" "$version" "$previous"
