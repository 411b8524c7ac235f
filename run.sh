#!/usr/bin/env bash
# Continues a text with the embedded model, split between a device actor and a worker actor: ./run.sh "Once upon a time"
exec "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/splitactors" run "$@"
