# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the scripts share: telling progress, and bringing a bare Debian or Ubuntu machine to where Ansible can take over.
# Sourced from the repository's root with `set -euo pipefail`; each bootstrap function does nothing where all is there.

export DEBIAN_FRONTEND=noninteractive
# Ansible insists on UTF-8, and a bare machine has no locale set.
export LC_ALL="${LC_ALL:-C.UTF-8}"

say() { printf '%s\n' "$*"; }

# step TITLE COMMAND...: run it, say how long it took; its failure ends the script.
step() {
    local title=$1 started=$SECONDS status
    shift
    printf '==> %s\n' "$title"
    # Not `"$@" || status=$?`: there bash would ignore errexit inside a function.
    set +e
    (set -e; "$@")
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        printf '==> %s: failed after %d s\n' "$title" $((SECONDS - started)) >&2
        exit "$status"
    fi
    printf '==> %s: %d s\n' "$title" $((SECONDS - started))
}

_fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

# --- packages ---------------------------------------------------------------------------------------------------------

# What must be there, and the Debian package that brings it.
_needed_packages() {
    local entry
    for entry in \
        /usr/sbin/dockerd:docker.io /usr/bin/mmdebstrap:mmdebstrap /usr/bin/ssh-keygen:openssh-client \
        /sbin/ip:iproute2 /usr/sbin/iptables:iptables /usr/bin/tcpdump:tcpdump /usr/bin/shellcheck:shellcheck \
        /usr/bin/git:git /usr/bin/chromium:chromium /usr/bin/curl:curl /usr/bin/jq:jq /usr/bin/python3:python3 /usr/lib/python3/dist-packages/apt:python3-apt \
        /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring /etc/ssl/certs/ca-certificates.crt:ca-certificates; do
        [ -e "${entry%%:*}" ] || printf '%s\n' "${entry##*:}"
    done
    # Debian splits off what `python3 -m venv` needs.
    python3 -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv\n'
}

# From Debian 13 on the client is a package of its own.
_needed_client() {
    command -v docker >/dev/null || printf 'docker-cli\n'
}

bootstrap_packages() {
    local missing
    missing=$(_needed_packages | xargs)
    [ -n "$missing$(_needed_client)" ] || return 0
    [ "$(id -u)" -eq 0 ] || _fail "needs root to install: $missing"
    command -v apt-get >/dev/null || _fail "no apt-get here; install by hand: $missing"
    # shellcheck disable=SC2086  # a list of words
    step "packages: ${missing:-docker-cli}" _install $missing
    [ -z "$(_needed_client)" ] || step "packages: docker-cli" _install docker-cli
}

_install() {
    [ $# -gt 0 ] || return 0
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# For the tests of the store: programs only. The tests start databases of their own; Debian's are not to run here.
bootstrap_databases() {
    local missing=()
    [ -n "$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null)" ] || missing+=(postgresql)
    [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server-core)
    [ -x /usr/bin/mariadb-dump ] || missing+=(mariadb-client)
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || _fail "needs root to install: ${missing[*]}"
    mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.d/orca-tests.conf
    step "packages: ${missing[*]}" _install "${missing[@]}"
}

# For the tests of figures and alerts: programs only, unpacked. Debian's service is not to run here.
bootstrap_prometheus() {
    [ ! -x .cache/prometheus/usr/bin/prometheus ] || return 0
    step "package: prometheus" _unpack prometheus .cache/prometheus
}

_unpack() {
    local folder
    folder=$(mktemp -d)
    apt-get update -qq
    # apt's own user downloads, and must be able to write there.
    chmod 777 "$folder"
    (cd "$folder" && apt-get download -qq "$1")
    mkdir -p "$2"
    dpkg-deb --extract "$folder"/*.deb "$2"
    rm -r "$folder"
}

# --- Python -----------------------------------------------------------------------------------------------------------

bootstrap_venv() {
    local stamp
    stamp=$(sha256sum pyproject.toml | cut -d' ' -f1)
    [ "$(cat .venv/.bootstrap 2>/dev/null)" != "$stamp" ] || return 0
    step "virtual environment .venv" _make_venv
    printf '%s\n' "$stamp" >.venv/.bootstrap
}

_make_venv() {
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || _fail "needs Python 3.11, this is $(python3 --version)"
    [ -x .venv/bin/python ] || python3 -m venv .venv
    # uv takes seconds where pip takes a minute, but reads none of pip's settings: where those are needed pip does it.
    mkdir -p .cache
    .venv/bin/python -m pip install -q --disable-pip-version-check uv
    .venv/bin/uv pip install -q --compile-bytecode --python .venv/bin/python -e '.[dev]' 2>.cache/uv.log ||
        .venv/bin/python -m pip install -q --disable-pip-version-check -e '.[dev]'
}

# --- Docker engine ----------------------------------------------------------------------------------------------------

bootstrap_docker() {
    ! _engine_answers || return 0
    [ "$(id -u)" -eq 0 ] || _fail "needs root to start the Docker engine"
    if [ -d /run/systemd/system ]; then
        step "Docker engine (systemd)" systemctl enable --now docker.service
    else
        step "Docker engine (no service manager here: started by this script)" _start_engine
    fi
    _engine_answers || _fail "the Docker engine does not answer"
}

_engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

_start_engine() {
    local log=/var/log/dockerd.log waited=0 file
    _mount_cgroups
    _choose_iptables
    # After a crash or a reboot these name processes that are others by now, and the engine would believe them.
    for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
        if [ -e "$file" ] && ! readlink "/proc/$(cat "$file")/exe" | grep -qE '/(dockerd|containerd)$'; then
            rm -f "$file"
        fi
    done
    # A session of its own: it outlives this script and its terminal.
    setsid nohup dockerd >>"$log" 2>&1 </dev/null &
    until _engine_answers; do
        [ "$waited" -lt 120 ] || { tail -n 20 "$log" >&2; _fail "dockerd did not start, see $log"; }
        kill -0 $! 2>/dev/null || { tail -n 20 "$log" >&2; _fail "dockerd ended, see $log"; }
        sleep 0.5
        waited=$((waited + 1))
    done
}

# Without systemd nobody may have mounted control groups. On v1, machines also need systemd's own (empty) hierarchy.
_mount_cgroups() {
    local controller
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        return 0
    fi
    mountpoint -q /sys/fs/cgroup || mount -t tmpfs -o mode=0755 cgroup /sys/fs/cgroup
    for controller in cpu cpuacct cpuset memory devices freezer blkio pids; do
        grep -qE " cgroup [^ ]*\b$controller\b" /proc/mounts || _mount_cgroup "$controller" "$controller"
    done
    # The others if they can be had: once a machine's systemd has mounted one for itself, containerd gives no statistics
    # of containers unless it is mounted here too. systemd joins those of the network.
    while read -r controller; do
        grep -qE " cgroup [^ ]*\b$controller\b" /proc/mounts ||
            (_mount_cgroup "$controller" "$controller") 2>/dev/null || rmdir "/sys/fs/cgroup/$controller"
    done < <(awk '$4 == 1 { print $1 }' /proc/cgroups | sed 's/^net_.*/net_cls,net_prio/' | sort -u)
    grep -q ' cgroup .*name=systemd' /proc/mounts || _mount_cgroup systemd none,name=systemd
}

# _mount_cgroup FOLDER OPTIONS
_mount_cgroup() {
    # That systemd may also have made this read-only.
    [ -w /sys/fs/cgroup ] || mount -o remount,rw /sys/fs/cgroup
    mkdir -p "/sys/fs/cgroup/$1"
    mount -t cgroup -o "$2" cgroup "/sys/fs/cgroup/$1" || _fail "cannot mount control group $1; Docker needs it"
}

# A kernel without nf_tables: fall back to the older tables, which Docker uses just as well.
_choose_iptables() {
    iptables -t nat -nL >/dev/null 2>&1 && return 0
    iptables-legacy -t nat -nL >/dev/null 2>&1 || return 0
    update-alternatives --set iptables /usr/sbin/iptables-legacy >/dev/null
    [ ! -e /usr/sbin/ip6tables-legacy ] || update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy >/dev/null
}
