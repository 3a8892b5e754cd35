/** What the node of the demo is to do: often something new, so that there is something to see. */
export const demoConfig = {
  schedule: {
    time: { query: 'SELECT hour, minutes, seconds FROM time', interval: 5, removed: false },
    host: {
      query:
        'SELECT os.name, os.version, i.version AS osquery, u.total_seconds AS uptime FROM os_version AS os, osquery_info AS i, uptime AS u',
      interval: 10,
      snapshot: true,
    },
  },
  decorators: { load: ['SELECT hostname FROM system_info'] },
} as const;
