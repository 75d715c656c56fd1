#!/usr/bin/env bash
# Runs the tests whose figures depend on kernels with fewer instructions than this processor has: with AVX2 but no AVX-512, and
# with neither. `qemu-x86_64` emulates such processors, and every library chooses its kernels accordingly.
set -euo pipefail
cd "$(dirname "$0")/.."

# With --workspace, so that the builds of the suite serve here too. `--all` also runs what takes many minutes when emulated.
all=${1:-}
tests() {
    cargo test --locked --quiet --workspace --test parity -- every_case
    cargo test --locked --quiet --workspace --test effective_rank
    cargo test --locked --quiet --workspace --test store -- definition
    cargo test --locked --quiet --workspace --lib -- kernels:: network::
    if [ "$all" = --all ]; then
        cargo test --locked --quiet --workspace --lib -- score::
        cargo test --locked --quiet --workspace --test training
    fi
}

# Emulation knows AVX2 since 7.2. An older one would test the lowest level twice.
emulates() {
    local version
    version=$(qemu-x86_64 --version 2>/dev/null | sed -n '1s/[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
    [ -n "$version" ] && [ "$(printf '%s\n7.2\n' "$version" | sort -V | head -n 1)" = 7.2 ]
}

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "Levels of instructions are tested on Linux with x86-64 only."
    exit 0
fi
if ! grep -qw avx512f /proc/cpuinfo; then
    echo "This processor has no AVX-512, so that level is not tested."
fi
if ! emulates && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    (apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends qemu-user) \
        >/dev/null 2>&1 || true
fi
if ! emulates; then
    echo "qemu-x86_64 7.2 or newer is missing and cannot be installed here, so only the level of this processor is tested: apt-get install qemu-user"
    [ -z "${NEARTOP_NEED_LEVELS:-}" ]
    exit
fi
for processor in Haswell Nehalem; do
    echo "== $processor ($([ "$processor" = Haswell ] && echo 'AVX2, no AVX-512' || echo 'neither'))"
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu $processor" tests
done
