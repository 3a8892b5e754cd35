import { i32, message, response, result, stringMap, type } from '../lib/thrift-bytes.mjs';

const blockRows = 1000;

/** The complete reply to `query` with so many rows, much like those of the table `processes`. */
export function rowsReply(count) {
  const block = Buffer.concat(Array.from({ length: blockRows }, (_, i) => stringMap(row(i))));
  const whole = Array.from({ length: Math.floor(count / blockRows) }, () => block);
  const rest = Array.from({ length: count % blockRows }, (_, i) => stringMap(row(i)));
  const rows = Buffer.concat([Buffer.of(type.map), i32(count), ...whole, ...rest]);
  return message('reply', 'query', result(type.struct, response(0, 'OK', rows)));
}

const row = (i) => ({
  cmdline: `/usr/lib/program-${i % 97} --worker ${i} --log /var/log/program-${i % 97}.log`,
  name: `program-${i % 97}`,
  path: `/usr/lib/program-${i % 97}`,
  pid: String(1000 + i),
  resident_size: String(4096 * (i + 1)),
  state: i % 5 === 0 ? 'R' : 'S',
  uid: String(i % 3),
});
