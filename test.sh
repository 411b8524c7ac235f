#!/usr/bin/env bash
# Builds everything and runs all tests; ends with the line "N passed, N failed". Needs the .NET 10 SDK. As root on Debian it installs the
# broker that some tests start for themselves; elsewhere, without one, these are skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

if ! command -v dotnet >/dev/null; then
  echo "test.sh: expected the .NET 10 SDK, found no 'dotnet'. Install it: https://dotnet.microsoft.com/download" >&2
  exit 1
fi

install_broker() {
  local policy=/usr/sbin/policy-rc.d made=""
  if [[ ! -e $policy ]]; then # keeps Debian from starting a broker for all
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1
  fi
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server; } >/dev/null 2>&1
  local status=$?
  [[ -n $made ]] && rm -f "$policy"
  return "$status"
}

if [[ ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] && ! command -v rabbitmq-server >/dev/null; then
  if [[ $(id -u) -eq 0 && -f /etc/debian_version ]]; then
    echo "test.sh: installing rabbitmq-server, for the tests that need a broker."
    install_broker || echo "test.sh: rabbitmq-server could not be installed; the tests that need a broker are skipped." >&2
  else
    echo "test.sh: there is no rabbitmq-server; the tests that need a broker are skipped. On Debian: apt-get install rabbitmq-server." >&2
  fi
fi

dotnet build SplitActors.sln -c Release -nologo -v quiet -clp:Summary || { echo "0 passed, 1 failed"; exit 1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
for project in tests/*.Tests; do
  dotnet test "$project" -c Release --no-build -nologo 2>&1 | tee -a "$log"
  status=$((status | PIPESTATUS[0]))
done

# Each project's summary: "Passed!  - Failed:     0, Passed:   110, Skipped:     0, …"
read -r passed failed < <(awk -F'[:,]' '/- Failed: +[0-9]+, Passed: +[0-9]+/ { failed += $2; passed += $4 } END { print passed + 0, failed + 0 }' "$log")
if [[ $status -ne 0 && $failed -eq 0 ]]; then
  failed=1 # a test host that crashed counts none
fi
echo "$passed passed, $failed failed"
exit "$status"
