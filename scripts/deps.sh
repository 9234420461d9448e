#!/usr/bin/env bash
# Installs what the tests need from Debian's packages: a PostgreSQL server, a browser, and a real WordPress.
set -euo pipefail
want=(postgresql chromium fonts-dejavu-core wordpress php-cli php-mysql php-gd php-curl php-xml php-mbstring mariadb-server curl jq openssl unzip poppler-utils qpdf xxd zip libnss3-tools age)
missing=()
for p in "${want[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
command -v npm >/dev/null || missing+=(nodejs npm)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing: ${missing[*]}"
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -q
  # The servers are started by the tests themselves, never by the system.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null
    $sudo chmod +x /usr/sbin/policy-rc.d
    trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive $sudo apt-get -o DPkg::Lock::Timeout=590 install -y -q --no-install-recommends "${missing[@]}"
fi

# axe-core finds barriers in pages; it is used by the tests only and not part of the program.
axe=4.14.1
cd "$(dirname "$0")/.."
if [ ! -s ".cache/axe-$axe.min.js" ]; then
  tmp=$(mktemp -d)
  npm pack --silent --pack-destination "$tmp" "axe-core@$axe" >/dev/null
  mkdir -p .cache
  tar -xzf "$tmp/axe-core-$axe.tgz" -C "$tmp" package/axe.min.js
  mv "$tmp/package/axe.min.js" ".cache/axe-$axe.min.js"
  rm -r "$tmp"
fi

# Readers of web archives by others hold what ChOP writes against their own understanding; used by the tests only.
readers=.cache/warc-readers
if [ ! -s "$readers/node_modules/warcio/package.json" ] || [ ! -s "$readers/node_modules/@harvard-lil/js-wacz/package.json" ]; then
  mkdir -p "$readers"
  npm install --silent --no-audit --no-fund --prefix "$readers" warcio@2.4.11 @harvard-lil/js-wacz@0.1.6 >/dev/null
fi
replay=2.5.3
if [ ! -s "$readers/replaywebpage-$replay/ui.js" ]; then
  tmp=$(mktemp -d)
  npm pack --silent --pack-destination "$tmp" "replaywebpage@$replay" >/dev/null
  mkdir -p "$readers/replaywebpage-$replay"
  tar -xzf "$tmp/replaywebpage-$replay.tgz" -C "$tmp"
  cp "$tmp/package/ui.js" "$tmp/package/sw.js" "$readers/replaywebpage-$replay/"
  rm -r "$tmp"
fi
