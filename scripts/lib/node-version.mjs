// Imported first, for its effect: everything after it may count on a Node that this package runs on. It keeps to
// syntax that old versions can read.
const oldest = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  const wanted = oldest.join('.');
  process.stderr.write(`osquery-remote needs Node ${wanted} or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
