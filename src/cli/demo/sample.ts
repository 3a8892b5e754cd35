import { clean } from '../terminal.ts';

const longest = 140;

/** The essence of a log line: what a person wants to see of it. */
export function sample(line: string, stream: 'result' | 'status'): string {
  const content = parse(line);
  if (content === undefined) return clean(line, longest);
  const text = (key: string) => String(content[key] ?? '');
  if (stream === 'status') return clean(`${text('filename')}:${text('line')} ${text('message')}`, longest);
  const rows = content['columns'] ?? content['snapshot'] ?? content['diffResults'];
  return clean(`${text('name')} ${text('action')} ${JSON.stringify(rows)}`, longest);
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
