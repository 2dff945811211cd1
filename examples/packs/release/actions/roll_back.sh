# Take a version back. Running it again for the same version changes nothing.
set -euo pipefail
. "$ATTUNE_PARAMETER_FILE"
. lib/environments.sh

history=$(history_of "$service" "$environment")
say "taking $service $version back from $environment"
if [ "$(running "$history")" = "$version" ]; then
    sed -i '$d' "$history"
fi
printf '{"environment": "%s", "version": "%s"}\n' "$environment" "$(running "$history")"
