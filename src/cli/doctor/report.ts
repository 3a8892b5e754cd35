import { type Colors, clean } from '../terminal.ts';
import type { Reported } from './run-steps.ts';
import type { Level } from './step.ts';

/** A finding as text that ends with a line break. */
export type FormatFinding = (reported: Reported) => string;

/** One JSON object per finding. */
export function formatJson({ step, finding }: Reported): string {
  return `${JSON.stringify({ step, ...finding })}\n`;
}

const levelWidth = 9;
/** Without a terminal a finding stays one line, for those who search it. */
const leastWidth = 40;

/** @param nameWidth of the longest step name. @param columns of the terminal; `Infinity` breaks no line. */
export function formatText(colors: Colors, nameWidth: number, columns: number): FormatFinding {
  const paint: Record<Level, (text: string) => string> = {
    ok: colors.green,
    warning: colors.yellow,
    failure: colors.red,
    skipped: colors.dim,
  };
  const indent = levelWidth + nameWidth + 2;
  const width = Math.max(leastWidth, columns - indent);
  const margin = `\n${' '.repeat(indent)}`;
  return ({ step, finding: { level, text, advice } }) => {
    const head = `${paint[level](level.padEnd(levelWidth))}${step.padEnd(nameWidth + 2)}`;
    const body = wrap(clean(text, 1000), width).join(margin);
    const tail =
      advice === undefined ? '' : `${margin}→ ${wrap(clean(advice, 1000), width - 2).join(`${margin}  `)}`;
    return `${head}${level === 'skipped' ? colors.dim(body) : body}${tail}\n`;
  };
}

/** Lines of at most `width` characters, broken at spaces; a longer word keeps its line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** `12 ok, 1 warning, 2 failures, 3 skipped` */
export function formatSummary(colors: Colors, counts: Readonly<Record<Level, number>>): string {
  const { ok, warning, failure, skipped } = counts;
  const parts = [
    `${ok} ok`,
    warning === 0 ? undefined : colors.yellow(`${warning} ${warning === 1 ? 'warning' : 'warnings'}`),
    failure === 0 ? undefined : colors.red(`${failure} ${failure === 1 ? 'failure' : 'failures'}`),
    skipped === 0 ? undefined : `${skipped} skipped`,
  ];
  return `\n${parts.filter((part) => part !== undefined).join(', ')}\n`;
}
