# The ground of a campaign, made as root: a small disk of its own in memory, and a network namespace for the database with a
# cable to each node. It goes when standard input closes, which the death of its owner does.
set -e
end() {
  for process in $(ip netns pids "$NAME" 2>/dev/null); do kill -9 "$process" 2>/dev/null || true; done
  ip netns del "$NAME" 2>/dev/null || true
  umount -l "$DISK" 2>/dev/null || true
}
trap end EXIT
mkdir -p "$DISK"
mount -t tmpfs -o "size=${MEGABYTES}m,mode=0755" sinfonia-chaos "$DISK"
if [ "$CABLES" -gt 0 ]; then
  ip netns add "$NAME"
  ip -n "$NAME" link set lo up
  n=0
  while [ "$n" -lt "$CABLES" ]; do
    ip link add "${CABLE}a$n" type veth peer name "${CABLE}b$n" netns "$NAME"
    ip addr add "$NETWORK.$n.1/30" dev "${CABLE}a$n"
    ip link set "${CABLE}a$n" up
    ip -n "$NAME" addr add "$NETWORK.$n.2/30" dev "${CABLE}b$n"
    ip -n "$NAME" link set "${CABLE}b$n" up
    n=$((n + 1))
  done
fi
echo ready
read -r _ || true
