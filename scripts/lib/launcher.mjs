/**
 * The shell script that osqueryd runs as the extension. It replaces itself with Node, so that osqueryd watches, limits
 * and ends the right process, and starts no other process on the usual way.
 * @param builtWith the Node that is taken unless another is asked for, as service managers rarely have it on their PATH.
 */
export function launcher(builtWith) {
  return `#!/bin/sh
# osquery-remote as an extension of osqueryd; made by the build of osquery-remote.
# OSQUERY_REMOTE_NODE: the Node to run it with.

fail() {
  echo "osquery-remote.ext: $1" >&2
  exit 1
}

self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self") || fail "cannot read the link $self"
  case $link in
    /*) self=$link ;;
    *) self=\${self%/*}/$link ;;
  esac
done
case $self in
  */*) entry=\${self%/*}/../dist/ext/start.js ;;
  *) entry=../dist/ext/start.js ;;
esac
[ -f "$entry" ] || fail "$entry is missing; run 'npm run build' in the package's directory"

if [ -n "\${OSQUERY_REMOTE_NODE-}" ]; then
  node=$(command -v "$OSQUERY_REMOTE_NODE") ||
    fail "OSQUERY_REMOTE_NODE names no program that can be run: $OSQUERY_REMOTE_NODE"
else
  node=${quote(builtWith)}
  [ -x "$node" ] || node=$(command -v node) ||
    fail "no Node found; set OSQUERY_REMOTE_NODE to the path of Node 20.19 or newer"
fi

# Batches are large buffers that come and go. glibc would keep them in fragments, and V8 lets its young space grow to
# many times what is alive: with these the process takes 40 MB less while it sends a backlog.
MALLOC_MMAP_THRESHOLD_=\${MALLOC_MMAP_THRESHOLD_-131072}
export MALLOC_MMAP_THRESHOLD_
exec "$node" --max-semi-space-size=4 "$entry" "$@"
`;
}

/** As one word of the shell. */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
