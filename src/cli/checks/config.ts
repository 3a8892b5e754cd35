/** Logs something every second. */
export const busyConfig = {
  schedule: {
    tick: { query: 'SELECT unix_time FROM time', interval: 1 },
    snap: { query: 'SELECT version FROM osquery_info', interval: 2, snapshot: true },
  },
} as const;

/** The same, and one query more. */
export const changedConfig = {
  schedule: {
    ...busyConfig.schedule,
    later: { query: 'SELECT days FROM uptime', interval: 1, snapshot: true },
  },
} as const;

/** Logs nothing: osqueryd ends itself with 78 when its logger is away while there is something to log. */
export const quietConfig = { schedule: {} } as const;
