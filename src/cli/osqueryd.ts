import { FlagError, StandInOsqueryd } from '../testing/osqueryd/index.ts';

/**
 * `osquery-remote osqueryd`: runs the stand-in with the flags of osqueryd, until it ends by itself or gets SIGTERM or
 * SIGINT.
 * @returns the exit code that osqueryd would have.
 */
export async function run(argv: string[]): Promise<number> {
  let standIn: StandInOsqueryd;
  try {
    standIn = new StandInOsqueryd({ argv });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (!(error instanceof FlagError)) process.stderr.write('osqueryd could not start.\n');
    return 1;
  }
  standIn.on((event) => {
    if (event.kind === 'log' && standIn.flags.bool('logger_stderr')) process.stderr.write(event.text);
  });
  const stop = () => void standIn.stop();
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Whoever started it with a channel can do to its worker what a signal does to a real one, and takes it along when it ends.
  process.on('message', (message) => {
    if (message === 'kill worker') standIn.killWorker();
  });
  process.once('disconnect', stop);
  standIn.start();
  const code = await standIn.exited;
  process.off('SIGTERM', stop);
  process.off('SIGINT', stop);
  process.off('disconnect', stop);
  return code ?? 1;
}
