/** `osquery-remote test-osqueryd`. @returns the exit code. */
export async function run(_argv: string[]): Promise<number> {
  return 1;
}
