// npm thrift's own server, transport and protocol. Its compiler's processor is written by hand here, on the structs
// that are generated.
//   node npm-thrift.mjs <socket path>
import { createRequire } from 'node:module';
import {
  Extension_call_args,
  Extension_call_result,
  Extension_ping_args,
  Extension_ping_result,
  ExtensionResponse,
  ExtensionStatus,
} from '../../../thrift/gen/osquery.js';

const { createServer, TBinaryProtocol, TBufferedTransport, Thrift } = createRequire(import.meta.url)(
  'thrift',
);

const status = new ExtensionStatus({ code: 0, message: 'OK', uuid: 0 });
const methods = {
  ping: { args: Extension_ping_args, answer: () => new Extension_ping_result({ success: status }) },
  call: {
    args: Extension_call_args,
    answer: () => new Extension_call_result({ success: new ExtensionResponse({ status, response: [] }) }),
  },
};

class Processor {
  process(input, output) {
    const { fname, rseqid } = input.readMessageBegin();
    const method = methods[fname];
    if (method === undefined) throw new Error(`unknown method ${fname}`);
    const args = new method.args();
    args.read(input);
    input.readMessageEnd();
    output.writeMessageBegin(fname, Thrift.MessageType.REPLY, rseqid);
    method.answer(args).write(output);
    output.writeMessageEnd();
    output.flush();
  }
}

createServer(Processor, {}, { transport: TBufferedTransport, protocol: TBinaryProtocol })
  .on('error', () => {})
  .listen(process.argv[2]);
