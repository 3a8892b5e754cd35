/** Runs a command with the arguments after its name. @returns the exit code. */
export type Run = (argv: string[]) => Promise<number>;

export interface CommandEntry {
  /** One line for `--help`. */
  readonly summary: string;
  /** Loaded when it is asked for: no command waits for the code of another. */
  load(): Promise<Run>;
}

/** What `osquery-remote` can do, in the order of its help. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  demo: {
    summary: 'shows server, osqueryd and extension at work, on this machine alone',
    load: async () => (await import('./demo.ts')).run,
  },
  server: {
    summary: 'runs the reference server',
    load: async () => (await import('./server.ts')).run,
  },
  query: {
    summary: 'asks the nodes of a reference server, as in: query "SELECT * FROM uptime"',
    load: async () => (await import('./query.ts')).run,
  },
  osqueryd: {
    summary: "runs a stand-in for osqueryd, with osqueryd's flags",
    load: async () => (await import('./osqueryd.ts')).run,
  },
  doctor: {
    summary: 'goes through what a host needs, and says what to change',
    load: async () => (await import('./doctor/index.ts')).run,
  },
  outbox: {
    summary: 'shows what waits for the server, and what it refused: list, quarantine, show, replay, remove',
    load: async () => (await import('./outbox.ts')).run,
  },
  'test-osqueryd': {
    summary: 'checks the extension against an osqueryd that is installed here',
    load: async () => (await import('./test-osqueryd.ts')).run,
  },
};
