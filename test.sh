#!/usr/bin/env bash
# Builds everything and runs all tests; ends with the line "N passed, N failed". Needs the .NET 10 SDK, and nothing else.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

if ! command -v dotnet >/dev/null; then
  echo "test.sh: expected the .NET 10 SDK, found no 'dotnet'. Install it: https://dotnet.microsoft.com/download" >&2
  exit 1
fi

dotnet build SplitActors.sln -c Release -nologo -v quiet -clp:Summary -p:UseSharedCompilation=true || { echo "0 passed, 1 failed"; exit 1; }

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
