import { ExtensionError, type ExtensionManager, type QueryRow } from '../../../extension/index.ts';
import { otherVariables } from '../environment.ts';
import { flag, type Host, usesRemote } from '../host.ts';
import { registries } from '../plugin-names.ts';
import { type Finding, failure, ok, type Step, skipped, warning } from '../step.ts';

/** Lines that are older than this are stuck. */
const stuckS = 600;
/** What of the flag file must be what osqueryd runs with; a config can change the others. */
const compared =
  /^(tls_|proxy_|enroll_|config_plugin|config_tls|logger_plugin|extension|disable_enroll|database_path)/;

/** The osqueryd that runs: is the extension there, and how is it? */
export const osqueryd: Step = {
  name: 'osqueryd',
  needs: [],
  async check(host) {
    const manager = host.osqueryd;
    if (manager === undefined) return [skipped(`does not run: nobody answers at ${host.socket}`)];
    const names = [...(await manager.extensions({ signal: host.signal })).values()].map(({ name }) => name);
    const findings = [
      ...(await otherFlags(host, manager)),
      ...(await otherEnvironment(host, manager)),
      ...registered(host, names),
    ];
    if (names.includes('osquery-remote')) findings.push(...(await state(host, manager, names)));
    const version = host.settings.transport.osqueryVersion;
    const registration = names.includes('osquery-remote') ? ', and osquery-remote is registered' : '';
    return [...findings, ok(`osqueryd ${version} answers at ${host.socket}${registration}`)];
  },
};

function registered(host: Host, names: readonly string[]): Finding[] {
  if (names.includes('osquery-remote')) return [];
  const uses = registries.some((registry) => usesRemote(host, registry));
  const found = names.length === 0 ? 'no extension' : names.join(', ');
  return [
    (uses ? failure : warning)(
      `osquery-remote is not registered with osqueryd (${found} is)`,
      'the log of osqueryd says why: it holds what the extension prints',
    ),
  ];
}

/** Flags of the file that osqueryd runs without. */
async function otherFlags(host: Host, manager: ExtensionManager): Promise<Finding[]> {
  if (host.given.size === 0) return [];
  const running = await manager.options({ signal: host.signal });
  const other = [...host.given].filter(
    (name) =>
      compared.test(name) && running.get(name) !== undefined && running.get(name)?.value !== flag(host, name),
  );
  if (other.length === 0) return [];
  return [
    warning(
      `osqueryd runs with other values of ${other.map((name) => `--${name}`).join(', ')}`,
      'restart it, if these flags are its',
    ),
  ];
}

/** What the steps below would get wrong. */
async function otherEnvironment({ env, signal }: Host, manager: ExtensionManager): Promise<Finding[]> {
  const [info] = await manager.query('SELECT pid FROM osquery_info', { signal }).catch(() => []);
  const names = otherVariables(Number(info?.['pid']), env);
  if (names.length === 0) return [];
  const text = `osqueryd has other values of ${names.join(', ')} in its environment than this command`;
  return [warning(text, 'set them here too: what follows looks at the values of here')];
}

async function state(host: Host, manager: ExtensionManager, names: readonly string[]): Promise<Finding[]> {
  if (!names.includes('osquery-remote-tables')) {
    return [
      warning(
        'the tables remote_status and remote_outbox are not there yet',
        'they come after the first config; try again in a minute',
      ),
    ];
  }
  try {
    const status = await manager.query('SELECT * FROM remote_status', { signal: host.signal });
    const outbox = await manager.query('SELECT * FROM remote_outbox', { signal: host.signal });
    return [...ofStatus(status), ...outbox.flatMap(ofStream)];
  } catch (error) {
    if (!(error instanceof ExtensionError)) throw error;
    return [warning(`remote_status cannot be read: ${error.message}`)];
  }
}

function ofStatus(rows: readonly QueryRow[]): Finding[] {
  const findings: Finding[] = [];
  const first = rows[0];
  if (first?.['enrolled'] === '0') {
    const why = first['enroll_error'] || first['enroll_reason'] || 'no reason yet';
    findings.push(failure(`the extension is not enrolled: ${why}`, 'see the steps below'));
  }
  if (first?.['config_stale'] === '1')
    findings.push(
      warning(
        'osqueryd has an older config: the server was not reached, or did not answer with one',
        'see config below',
      ),
    );
  for (const row of rows) {
    const failedAt = Number(row['last_error_time'] ?? 0);
    if (row['endpoint'] === 'enroll' || failedAt === 0 || failedAt <= Number(row['last_success'] ?? 0))
      continue;
    findings.push(warning(`the last ${row['endpoint']} request failed: ${row['last_error']}`));
  }
  return findings;
}

function ofStream(row: QueryRow): Finding[] {
  const findings: Finding[] = [];
  const { stream, lines } = { stream: row['stream'], lines: Number(row['lines']) };
  if (lines > 0 && Number(row['oldest_age']) > stuckS) {
    findings.push(
      warning(
        `${lines} lines of the ${stream} stream wait, the oldest for ${row['oldest_age']} s: ${row['last_error'] || 'no error yet'}`,
      ),
    );
  }
  if (Number(row['quarantined']) > 0) {
    findings.push(
      warning(
        `${row['quarantined']} lines of the ${stream} stream are in quarantine`,
        'osquery-remote outbox quarantine',
      ),
    );
  }
  return findings;
}
