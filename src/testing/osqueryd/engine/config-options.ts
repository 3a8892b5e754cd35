import type { ByteString } from './bytes.ts';
import { isArray, isNumber, isObject, type JsonValue } from './json-reader.ts';
import { jsonText } from './json-writer.ts';
import type { StatusSink } from './status-line.ts';

/** Sets a flag and says what became of it. An invalid value leaves the flag as it was. */
export type OptionSetter = (
  name: ByteString,
  value: ByteString,
) => 'set' | 'unknown' | 'cli_only' | 'invalid';

/**
 * Applies the `options` of a config. Core keeps the options of all sources and sets all of them each time: `known` is
 * that memory and is added to.
 */
export function applyOptions(
  options: JsonValue | undefined,
  known: Map<ByteString, JsonValue>,
  host: { readonly setOption: OptionSetter; readonly status: StatusSink },
): void {
  if (!isObject(options)) return;
  for (const [name, value] of options.members) known.set(name, value);
  for (const [name, value] of known) {
    const text = optionText(value);
    if (text === undefined) {
      const message = `Cannot parse unknown value type for option: ${name}`;
      host.status({ severity: 1, file: 'options.cpp', line: 91, message });
    }
    if (text === undefined || text === '' || name === '') continue;
    const outcome = host.setOption(name, text);
    if (outcome === 'unknown') {
      const message = `Cannot set unknown or invalid flag: ${name}`;
      host.status({ severity: 1, file: 'options.cpp', line: 101, message });
    } else if (outcome === 'cli_only') {
      const message =
        `The CLI only flag --${name} set via config file will be ignored, ` +
        'please use a flagfile or pass it to the process at startup';
      host.status({ severity: 1, file: 'options.cpp', line: 106, message });
    }
  }
}

function optionText(value: JsonValue): ByteString | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (isNumber(value)) return String(Math.trunc(value.value));
  if (isObject(value) || isArray(value)) return jsonText(value);
  return undefined;
}
