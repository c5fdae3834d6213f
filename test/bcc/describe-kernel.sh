# Writes what compiling for this kernel asks into the folder $1: run in a virtual machine, read by kernel-snapshot.ts.
# The other arguments are modules to load before: their types are the kernel's too.
out=$1
shift
for module; do modprobe "$module" || echo "cannot load $module" >&2; done
set -e
mkdir -p "$out/btf"
uname -r >"$out/release"
uname -v >"$out/version"
cat /sys/kernel/notes >"$out/notes"
cat /sys/devices/system/cpu/online >"$out/online"
cat /sys/devices/system/cpu/possible >"$out/possible"
cat "/boot/config-$(uname -r)" >"$out/config" 2>/dev/null || zcat /proc/config.gz >"$out/config"
cp /sys/kernel/btf/* "$out/btf/"
cat /proc/kallsyms >"$out/kallsyms"
cd /sys/kernel/tracing
cat available_events >"$out/available_events"
grep -r "" --include=format events >"$out/formats"
