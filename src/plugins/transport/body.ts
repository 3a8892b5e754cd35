import type { HostDetails } from '../../api.ts';
import { RemoteError } from './error.ts';
import { skipSpace } from './json-scan.ts';
import type { DistributedWriteCall, EnrollCall } from './request.ts';

/** Body of an enroll request. The member that carries the secret is named by `tls_enroll_override`. */
export function enrollBody(call: EnrollCall, override: string, secret: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      [override]: secret,
      host_identifier: call.hostIdentifier,
      platform_type: call.platformType,
      host_details: stringLeaves(call.hostDetails),
    }),
  );
}

/** Body of a config request and of a distributed read. With `tls_node_api` the key is in the URI alone. */
export function nodeBody(nodeKey: string, nodeApi: boolean): Buffer {
  return Buffer.from(JSON.stringify(nodeApi ? {} : { node_key: nodeKey }));
}

/**
 * Body of a distributed write: what osqueryd handed over, byte for byte (values need not be UTF-8), with the node key as
 * its last member.
 * @throws {RemoteError} `content` if the results are no object.
 */
export function writeBody(call: DistributedWriteCall, nodeApi: boolean): Buffer {
  const { results } = call;
  const start = skipSpace(results, 0);
  const end = endOfText(results);
  if (results[start] !== 0x7b || results[end - 1] !== 0x7d) {
    throw new RemoteError('content', 'the results of distributed queries are no JSON object');
  }
  if (nodeApi) return Buffer.from(results.buffer, results.byteOffset + start, end - start);
  const blank = skipSpace(results, start + 1) === end - 1;
  const tail = `${blank ? '' : ','}"node_key":${JSON.stringify(call.nodeKey)}}`;
  return Buffer.concat([results.subarray(start, end - 1), Buffer.from(tail)]);
}

/** Behind the last byte that is not white space. */
function endOfText(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && skipSpace(bytes, end - 1) >= end) end--;
  return end;
}

/** Servers refuse numbers in `host_details`, so whatever came is made a string. */
function stringLeaves(details: HostDetails): HostDetails {
  return Object.fromEntries(
    Object.entries(details).map(([table, row]) => [
      table,
      Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value)])),
    ]),
  );
}
