#!/usr/bin/env bash
# The unit files are such that systemd understands, and let the daemon do no more than it must: exposure 1.5 of 10 at most. (Booted: boot.py.)
#
# Works on a copy in a scratch root, so that nothing of this machine counts. Exit 77: skipped, there is no systemd-analyze (never where CI=true).
set -euo pipefail
LIMIT=1.5
units=$(cd "$(dirname "$0")/../.." && pwd)/systemd
unit=$units/winnowd.service

if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-unit: no systemd-analyze (scripts/packages test installs it)" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 77
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/usr/lib/systemd/system "$root"/usr/bin "$root"/bin
cp "$units"/*.service "$root"/usr/lib/systemd/system/
cp /bin/true "$root"/usr/bin/winnowd
cp /bin/true "$root"/bin/kill
# What the unit orders itself by: without these verify would speak of the scratch root, not of the unit.
for name in sysinit.target basic.target shutdown.target network-online.target multi-user.target system.slice; do
    printf '[Unit]\nDescription=%s\n' "$name" >"$root/usr/lib/systemd/system/$name"
done

for name in winnowd.service winnowd@one.service winnowd-bridge@one.service; do
    said=$(systemd-analyze verify --root="$root" --man=no --recursive-errors=no "$name" 2>&1) || { echo "$said" >&2; exit 1; }
    if [ -n "$said" ]; then
        echo "systemd-unit: verify of $name is not silent:" >&2
        echo "$said" >&2
        exit 1
    fi
    table=$(systemd-analyze security --offline=true --no-pager --root="$root" "$name")
    level=$(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\).*/\1/p' <<<"$table")
    echo "$name: exposure ${level:?no exposure level found}, at most $LIMIT"
    awk -v level="$level" -v limit="$LIMIT" 'BEGIN { exit !(level <= limit) }' || { grep -v '✓' <<<"$table" >&2; exit 1; }
done

# winnowd@.service is winnowd.service, but for the names of file, state and instance: a setting that is changed in one must be changed in the other.
as_template() { sed -n '/^\[Unit\]/,$p' "$unit" | sed 's|^Description=winnowd,|Description=winnowd for %i,|; s|/etc/winnowd/winnowd.yaml$|/etc/winnowd/%i.yaml|; s|^StateDirectory=winnowd$|StateDirectory=winnowd-%i\nEnvironment=WINNOWD_UNIT_INSTANCE=%i|'; }
diff <(as_template) <(sed -n '/^\[Unit\]/,$p' "$units/winnowd@.service") || { echo "systemd-unit: the two units differ" >&2; exit 1; }

# The bridge is shut in as the daemon is: each setting of the one stands in the other, but for what each of them runs, keeps and needs.
settings() { grep -E '^[A-Z][A-Za-z]+=' "$1" | grep -vE '^(Description|ExecStart|ExecStartPre|ExecReload|TimeoutStartSec|MemoryMax|StateDirectory|StateDirectoryMode|Documentation)=' | sort; }
diff <(settings "$unit") <(settings "$units/winnowd-bridge@.service") || { echo "systemd-unit: the bridge's unit differs" >&2; exit 1; }

# What no checker knows: a wrong configuration must not be tried again, and what the daemon must reach stays open.
for line in Type=notify 'ExecStartPre=-/usr/bin/winnowd check -c /etc/winnowd/winnowd.yaml' 'ExecStart=/usr/bin/winnowd run -c /etc/winnowd/winnowd.yaml' \
    RestartPreventExitStatus=78 StartLimitIntervalSec=0 StateDirectoryMode=0700 DynamicUser=yes LimitCORE=0 WatchdogSec=60; do
    grep -qxF -- "$line" "$unit" || { echo "systemd-unit: missing: $line" >&2; exit 1; }
done
if grep -qE '^(IPAddressDeny|PrivateNetwork)=' "$unit"; then
    echo "systemd-unit: this cuts off Kafka" >&2
    exit 1
fi
