/** What is known of a kind of file system by the number that `statfs` gives it on Linux. */
const kinds: ReadonlyMap<number, { readonly name: string; readonly trouble: 'network' | 'memory' }> = new Map(
  [
    [0x6969, { name: 'NFS', trouble: 'network' }],
    [0x517b, { name: 'SMB', trouble: 'network' }],
    [0xff534d42, { name: 'CIFS', trouble: 'network' }],
    [0xfe534d42, { name: 'SMB2', trouble: 'network' }],
    [0x65735546, { name: 'FUSE', trouble: 'network' }],
    [0x01021997, { name: '9p', trouble: 'network' }],
    [0x00c36400, { name: 'Ceph', trouble: 'network' }],
    [0x5346414f, { name: 'AFS', trouble: 'network' }],
    [0x47504653, { name: 'GPFS', trouble: 'network' }],
    [0x01021994, { name: 'tmpfs', trouble: 'memory' }],
    [0x858458f6, { name: 'ramfs', trouble: 'memory' }],
  ],
);

/** Why a store does not belong on a file system of this kind; `undefined` when it may be there. */
export function troubleOf(type: number): string | undefined {
  // Some Nodes give the number with a sign.
  const kind = kinds.get(type < 0 ? type + 2 ** 32 : type);
  if (kind === undefined) return undefined;
  return kind.trouble === 'network'
    ? `is on ${kind.name}: a write that hangs there makes osqueryd wait, and locks are not to be relied on`
    : `is on ${kind.name}, in memory: lines that wait are lost with a reboot`;
}
