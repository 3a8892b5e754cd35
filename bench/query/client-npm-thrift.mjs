// The same with npm thrift's client on one kept connection. Its compiler's client class is written by hand here.
import { createRequire } from 'node:module';
import { ExtensionManager_query_args, ExtensionManager_query_result } from '../../thrift/gen/osquery.js';
import { serveMeasurements } from './serve.mjs';

const { createUDSConnection, createClient, TBinaryProtocol, TBufferedTransport, Thrift } = createRequire(
  import.meta.url,
)('thrift');

class Client {
  constructor(output, protocol) {
    Object.assign(this, { output, protocol, _seqid: 0, _reqs: {} });
  }

  query(sql, done) {
    const seqid = ++this._seqid;
    this._reqs[seqid] = done;
    const output = new this.protocol(this.output);
    output.writeMessageBegin('query', Thrift.MessageType.CALL, seqid);
    new ExtensionManager_query_args({ sql }).write(output);
    output.writeMessageEnd();
    this.output.flush();
  }

  /** npm thrift looks for this name when a reply comes in. */
  recv_query(input, _type, seqid) {
    const result = new ExtensionManager_query_result();
    result.read(input);
    input.readMessageEnd();
    this._reqs[seqid](result.success.response);
    delete this._reqs[seqid];
  }
}

let client;
serveMeasurements((path, sql) => {
  client ??= createClient(
    Client,
    createUDSConnection(path, { transport: TBufferedTransport, protocol: TBinaryProtocol }),
  );
  return new Promise((resolve) => client.query(sql, resolve));
});
