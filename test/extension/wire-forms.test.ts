import { describe, expect, test } from 'vitest';
import { ExtensionServer } from '../../src/extension/extension-server.ts';
import { failure } from '../../src/extension/plugin.ts';
import { RawSocket, socketPath } from '../../src/extension/test-support/raw-socket.ts';
import { decodeMessage, MessageScanner } from '../../src/extension/wire/index.ts';
import { readTrace, type TraceEvent } from '../stand-in/trace.ts';

type ConnectionEvent = Extract<TraceEvent, { conn: number }>;

interface Form {
  readonly note: string;
  readonly events: readonly ConnectionEvent[];
}

/** Methods of the manager, which an extension does not have. */
const served = ['ping', 'call', 'shutdown'];

/** What the recorder wrote to osqueryd's manager, from its first experiment on. */
function forms(): Form[] {
  const events = readTrace('wire-forms').events;
  const from = events.findIndex((event) => event.kind === 'note' && event.text === 'ping, seqid 1');
  const found = new Map<number, { note: string; events: ConnectionEvent[] }>();
  let note = '';
  for (const event of events.slice(from)) {
    if (event.kind === 'note') note = event.text;
    if (!('conn' in event) || event.socket !== 'manager') continue;
    const form = found.get(event.conn) ?? { note, events: [] };
    form.events.push(event);
    found.set(event.conn, form);
  }
  return [...found.values()];
}

/** How the recorded manager answered: name, number and kind of each answer, and whether it closed the connection. */
function recordedTreatment({ events }: Form): string[] {
  const answers = events.flatMap((event) =>
    event.kind === 'data' && event.from === 'core' ? [describeAnswer(event.bytes)] : [],
  );
  return events.some((event) => event.kind === 'close' && event.from === 'core')
    ? [...answers, 'closed']
    : answers;
}

function describeAnswer(bytes: Buffer): string {
  const { name, type, seqid, strict } = decodeMessage(bytes);
  // What only the manager knows is an unknown method to an extension.
  const kind = served.includes(name) ? type : 'exception';
  return `${kind} ${name} ${seqid} ${strict ? 'strict' : 'old'}`;
}

describe('what is no ordinary call is treated as the recorded osqueryd treated it', () => {
  for (const form of forms()) {
    const expected = recordedTreatment(form);
    test(`${form.note}: ${expected.join(', ') || 'no answer'}`, async () => {
      const server = new ExtensionServer({ call: () => failure('as recorded'), shutdown: () => {} });
      const path = socketPath();
      await server.listen(path, 1);
      const raw = await RawSocket.open(path);
      for (const event of form.events) {
        if (event.kind !== 'data' || event.from !== 'extension') continue;
        await new Promise((written) => raw.socket.write(event.bytes, written));
      }

      const isClosed = expected.at(-1) === 'closed';
      // Only where the recorded manager closed by itself do we wait for ours to.
      if (!isClosed) raw.socket.end();
      const bytes = await raw.readToEnd();
      const scanner = new MessageScanner();
      scanner.push(bytes);
      const seen: string[] = [];
      for (let message = scanner.take(); message; message = scanner.take())
        seen.push(describeAnswer(message));
      expect(isClosed ? [...seen, 'closed'] : seen).toEqual(expected);
      raw.close();
      await server.close();
    });
  }
});
