#!/usr/bin/env bash
# Installs what the tests need from Debian's packages: a PostgreSQL server, a browser, and a real WordPress.
set -euo pipefail
want=(postgresql chromium fonts-dejavu-core wordpress php-cli php-mysql php-gd php-curl php-xml php-mbstring mariadb-server curl jq)
missing=()
for p in "${want[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -q
# The servers are started by the tests themselves, never by the system.
printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null
$sudo chmod +x /usr/sbin/policy-rc.d
trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT
DEBIAN_FRONTEND=noninteractive $sudo apt-get -o DPkg::Lock::Timeout=590 install -y -q --no-install-recommends "${missing[@]}"
