import { type LiteValue, textField } from '../stand-in/thrift-lite.ts';
import { type Row, requestOf, rowsWire } from './core-data.ts';
import { type CallResult, reply, textMap, type Wire } from './wire.ts';

/** What became of a call into a plugin. */
export type PluginOutcome =
  | {
      readonly kind: 'answered';
      readonly code: number;
      readonly message: string;
      readonly rows: readonly Row[];
    }
  /** Core knows of nobody to call. */
  | { readonly kind: 'no route' }
  /** The ping failed: the call was not made. `masked`: no extension lived, or it had not begun to listen. */
  | { readonly kind: 'not available'; readonly reason: string; readonly masked: boolean }
  /** The call was made, and no answer came. `masked`: the extension was killed meanwhile. */
  | { readonly kind: 'unanswered'; readonly reason: string; readonly masked: boolean };

/** What an answer, or none, means. `masked`: the extension died meanwhile. */
export function readOutcome(result: CallResult, masked: boolean): PluginOutcome {
  if (result.kind === 'not connected') {
    return { kind: 'not available', reason: `call: ${result.reason}`, masked };
  }
  if (result.kind === 'no answer') {
    return { kind: 'unanswered', reason: result.reason, masked };
  }
  const { type, body } = result.message;
  const success = structOf(body.get(0));
  const state = structOf(success?.get(1));
  if (type !== reply || state === undefined) {
    return { kind: 'answered', code: -1, message: 'an exception or no status', rows: [] };
  }
  const rows = success?.get(2);
  return {
    kind: 'answered',
    code: Number(state.get(1) ?? 0),
    message: textField(state, 2),
    rows: Array.isArray(rows) ? rows.map((row) => requestOf(row)) : [],
  };
}

/** The arguments of `call`. */
export function callFields(registry: string, item: string, request: Row): (readonly [number, Wire])[] {
  return [
    [1, { text: registry }],
    [2, { text: item }],
    [3, textMap(request)],
  ];
}

/** An `ExtensionStatus`. */
export function status(code: number, message: string, uuid = 0): Wire {
  return {
    struct: [
      [1, { i32: code }],
      [2, { text: message }],
      [3, { i64: uuid }],
    ],
  };
}

/** An `ExtensionResponse`; without rows a failure. */
export function response(rows: readonly Row[] | undefined, message = 'failed'): Wire {
  const state = rows === undefined ? status(1, message) : status(0, 'OK');
  return {
    struct: [
      [1, state],
      [2, rowsWire(rows ?? [])],
    ],
  };
}

export function structOf(value: LiteValue | undefined): ReadonlyMap<number, LiteValue> | undefined {
  return value instanceof Map ? value : undefined;
}

/** `registry/item` for everything that is registered. */
export function pluginsOf(registry: LiteValue | undefined): string[] {
  return entriesOf(registry).flatMap(([name, items]) =>
    entriesOf(items).map(([item]) => `${String(name)}/${String(item)}`),
  );
}

function entriesOf(value: LiteValue | undefined): readonly (readonly [LiteValue, LiteValue])[] {
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Map) return [];
  return 'entries' in value && typeof value.entries !== 'function' ? value.entries : [];
}

/** What core asks a table that it wants all of. */
export const generateRequest: Row = new Map([
  ['action', 'generate'],
  ['context', '{"constraints":[],"colsUsed":[],"colsUsedBitset":18446744073709551615}'],
]);
