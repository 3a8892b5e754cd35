import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteString, isArray, type JsonValue, jsonText, readJson } from './engine/index.ts';
import { failed, type PluginReply, type Row, succeeded } from './status.ts';

/** One of core's own loggers, reduced to what it does with lines. */
export interface LocalLogger {
  /** Its `features`: bit 1 asks for status lines. */
  readonly features: number;
  /** Takes osqueryd's lines about itself away from all other loggers when it is set up. */
  readonly takesStatus: boolean;
  write(kind: 'result' | 'snapshot' | 'status', line: ByteString): void;
}

/** `stdout`: each line as it is. */
export function stdoutLogger(print: (text: string | Uint8Array) => void): LocalLogger {
  const write = (_kind: string, line: ByteString) => print(Buffer.from(`${line}\n`, 'latin1'));
  return { features: 1, takesStatus: false, write };
}

/** `filesystem`: results and snapshots in two files of `--logger_path`, status lines left to glog. */
export function filesystemLogger(directory: string): LocalLogger {
  const files = {
    result: 'osqueryd.results.log',
    snapshot: 'osqueryd.snapshots.log',
    status: 'osqueryd.INFO',
  };
  return {
    features: 0,
    takesStatus: true,
    write(kind, line) {
      mkdirSync(directory, { recursive: true });
      appendFileSync(join(directory, files[kind]), Buffer.from(`${line}\n`, 'latin1'), { mode: 0o640 });
    },
  };
}

/** Answers a plugin call to a local logger, looking at the keys in the order in which osqueryd does. */
export function callLocalLogger(logger: LocalLogger, request: Row): PluginReply {
  const line = request.get('string');
  const batch = request.get('string_batch');
  const snapshot = request.get('snapshot');
  if (line !== undefined) return written(() => logger.write('result', line));
  if (batch !== undefined) {
    const lines = readJson(batch);
    if (!isArray(lines)) return failed('Invalid string_batch');
    return written(() => {
      for (const one of lines) if (typeof one === 'string') logger.write('result', one);
    });
  }
  if (snapshot !== undefined) return written(() => logger.write('snapshot', snapshot));
  if (request.has('init')) return succeeded();
  if (request.has('status')) {
    const lines: JsonValue | undefined = readJson(request.get('log') ?? '');
    return written(() => {
      for (const one of isArray(lines) ? lines : []) logger.write('status', jsonText(one));
    });
  }
  if (request.has('event')) return succeeded();
  if (request.get('action') === 'features') return { code: logger.features, message: '', rows: [] };
  return failed('Unsupported call to logger plugin');
}

function written(write: () => void): PluginReply {
  try {
    write();
    return succeeded();
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}
