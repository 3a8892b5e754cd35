/**
 * What a bench found. `rows` and `notes` are printed as they are; `goals` are judged here, so that a missed one always
 * looks the same.
 * @typedef {{ name: string, value: number | undefined, limit: number, unit: string }} Goal a value of at most `limit`
 * @typedef {{ bench: string, columns: string[], rows: (string | number)[][], goals: Goal[], notes?: string[],
 *   leftOut?: { name: string, reason: string }[], data: unknown }} Report
 */

export const maxLines = 25;

/** @param {Report} report */
export function judge(report) {
  return report.goals.map((goal) => ({
    ...goal,
    met: goal.value === undefined ? null : goal.value <= goal.limit,
  }));
}

/** The summary, at most `maxLines` lines. @param {Report} report */
export function summary(report, seconds) {
  const lines = [
    `bench ${report.bench}: Node ${process.versions.node}, ${seconds.toFixed(0)} s`,
    ...table([report.columns, ...report.rows.map((row) => row.map(show))]),
    ...judge(report).map(goalLine),
    ...(report.leftOut ?? []).map(({ name, reason }) => `left out: ${name} (${reason})`),
    ...(report.notes ?? []),
  ];
  if (lines.length > maxLines) throw new Error(`the summary has ${lines.length} lines`);
  return lines.map((line) => line.slice(0, 160)).join('\n');
}

const show = (value) => (typeof value === 'number' ? number(value) : value);

export const number = (value) =>
  value.toFixed(Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2);

function goalLine({ name, value, limit, unit, met }) {
  const word = met === null ? 'no figure' : met ? 'ok' : 'MISSED';
  const got = value === undefined ? '-' : number(value);
  return `${word.padEnd(9)} ${name}: ${got}${unit} (goal: at most ${number(limit)}${unit})`;
}

function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return rows.map(line);
}
