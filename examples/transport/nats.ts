import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { answer, defineTransport, linesOf, type SentLine } from 'osquery-remote';

// Logs go to a JetStream stream of NATS with the subjects osquery.result and osquery.status; everything else stays HTTPS.
// A line is delivered when NATS has stored it. One that comes again has the same id, by which NATS drops it.
const { NATS_URL = 'nats://127.0.0.1:4222' } = process.env;
let connection: Promise<NatsConnection> | undefined;

async function publish(nats: NatsConnection, { id, stream, bytes }: SentLine): Promise<void> {
  const withId = headers();
  withId.set('Nats-Msg-Id', id);
  const reply = await nats.request(`osquery.${stream}`, bytes, { headers: withId, timeout: 5_000 });
  const { error } = reply.json<{ error?: { description: string } }>();
  if (error) throw new Error(`NATS did not store a line: ${error.description}`);
}

export default defineTransport({
  async send(request, https) {
    if (request.endpoint !== 'log') return https(request);
    connection ??= connect({ servers: NATS_URL, maxReconnectAttempts: -1 });
    const nats = await connection.catch((error) => {
      connection = undefined;
      throw error;
    });
    await Promise.all(linesOf(request).map((line) => publish(nats, line)));
    return answer(200);
  },
});
