#!/usr/bin/env bash
# Prints the password_hash for definitions.json of the password on standard input: four random bytes, then SHA-256 of them and the password.
set -euo pipefail

unhex() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }

IFS= read -r password || [[ -n $password ]]
salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
digest=$({ unhex "$salt"; printf '%s' "$password"; } | sha256sum | cut -d' ' -f1)
unhex "$salt$digest" | base64 -w0
echo
