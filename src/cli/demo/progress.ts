import type { ServerEvent } from '../../server/index.ts';

/** What the conversation must have shown, in the order in which it comes. */
export type Step = 'enrolled' | 'config' | 'status' | 'result' | 'answer';

const missingText: Readonly<Record<Step, string>> = {
  enrolled: 'the node did not enroll',
  config: 'the node did not get its config',
  status: 'no status line was delivered',
  result: 'no result line was delivered',
  answer: 'the query was not answered',
};

/** The steps that are still to come. */
export const allSteps: readonly Step[] = ['enrolled', 'config', 'status', 'result', 'answer'];

/** @returns what is left of `steps` after the event. @param query the id of our query, when it was asked. */
export function after(
  steps: readonly Step[],
  event: ServerEvent,
  query: string | undefined,
): readonly Step[] {
  const done = stepOf(event, query);
  return steps.filter((step) => step !== done);
}

/** One clause for each step. */
export function describeMissing(steps: readonly Step[]): string {
  return steps.map((step) => missingText[step]).join(', ');
}

function stepOf(event: ServerEvent, query: string | undefined): Step | undefined {
  switch (event.kind) {
    case 'enrolled':
      return 'enrolled';
    case 'config_served':
      return 'config';
    case 'log_received':
      return event.lines > event.repeated ? event.stream : undefined;
    case 'result_received':
      return event.query === query && event.status === 0 && event.rows > 0 ? 'answer' : undefined;
    default:
      return undefined;
  }
}
