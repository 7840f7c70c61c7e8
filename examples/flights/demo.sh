#!/usr/bin/env bash
# `make demo`: the flights workflow on the local graph, run twice, and asked where its report came from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
PATH="$(cd ../.. && pwd)/.venv/bin:$PATH"

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }

say hw init
say hw run workflow.py split
say hw run workflow.py main
say hw run workflow.py main
say hw trace results/report.md
say hw store stop
printf '\nThe report: %s\n' "$PWD/results/report.md"
