#!/usr/bin/env bash
# Runs every fuzz target of the project for the given time each (default 20s).
set -euo pipefail
for pkg in $(grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u); do
  for target in $(grep -rh '^func Fuzz' "$pkg"/*_test.go | sed -E 's/func (Fuzz[A-Za-z0-9_]*).*/\1/'); do
    echo "== $pkg $target"
    go test "./$pkg" -run '^$' -fuzz "^$target\$" -fuzztime "${1:-20s}"
  done
done
