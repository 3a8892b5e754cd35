/**
 * Answers the bench over IPC with the times of queries. Garbage of another size is collected before.
 * @param {(path: string, sql: string) => Promise<{ length: number }>} query
 */
export function serveMeasurements(query) {
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ path, rows, times }) => {
    try {
      const ms = [];
      const before = process.cpuUsage();
      globalThis.gc?.();
      for (let i = 0; i < times; i++) {
        const start = performance.now();
        const found = await query(path, `SELECT ${rows}`);
        ms.push(performance.now() - start);
        if (found.length !== rows) throw new Error(`${found.length} rows instead of ${rows}`);
      }
      const { user, system } = process.cpuUsage(before);
      process.send({
        ms,
        cpuMs: (user + system) / 1000 / times,
        rssMiB: process.resourceUsage().maxRSS / 1024,
      });
    } catch (error) {
      process.send({ error: error.message });
    }
  });
}
