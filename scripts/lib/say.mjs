/** Tells the user on stderr: stdout belongs to the command that this prepares, as `npm pack --json`. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** A failure that the user can understand: it is shown without a stack trace. */
export class Failure extends Error {}

/** Runs a script's work; a failure becomes one message and exit code 1. */
export async function runScript(work) {
  try {
    await work();
  } catch (error) {
    say(error instanceof Failure ? error.message : String(error?.stack ?? error));
    process.exitCode = 1;
  }
}
