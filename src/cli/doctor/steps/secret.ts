import { readFileSync } from 'node:fs';
import { moduleVariable } from '../../../plugins/transport/index.ts';
import { modeOf, othersMay, whyUnreadable } from '../files.ts';
import type { Host } from '../host.ts';
import { type Finding, failure, ok, type Step, warning } from '../step.ts';

/** The enroll secret: is there one, and is it one? It is never shown, and what may be it by mistake is not either. */
export const secret: Step = {
  name: 'secret',
  needs: [],
  check(host) {
    const { secretPath, secretEnv } = host.settings.transport;
    if (host.settings.enrollment.disabled) return [ok('not needed: --disable_enrollment')];
    const both = secretPath !== '' && secretEnv !== '';
    const beside = both
      ? [
          warning(
            '--enroll_secret_env is not looked at, since --enroll_secret_path is set',
            'remove one of them',
          ),
        ]
      : [];
    if (secretPath !== '') return [...beside, ...ofFile(secretPath)];
    if (secretEnv !== '') return ofEnvironment(secretEnv, host);
    return without(host);
  },
};

function ofFile(path: string): Finding[] {
  // Who gives the secret itself in place of a path must not find it in a report.
  if (!path.startsWith('/') && process.platform !== 'win32') {
    return [
      failure(
        '--enroll_secret_path is no absolute path',
        'write the secret to a file, and name that: /etc/osquery/enroll_secret',
      ),
    ];
  }
  const why = whyUnreadable(path);
  if (why !== undefined)
    return [
      failure(
        `cannot read --enroll_secret_path=${path}: ${why}`,
        'put the secret there, readable by the user of osqueryd only',
      ),
    ];
  const text = readFileSync(path, 'utf8').trim();
  if (text === '') return [failure(`--enroll_secret_path=${path} is empty`, 'put the secret there')];
  const findings: Finding[] = [];
  if (/[\r\n]/.test(text)) {
    findings.push(
      warning(`${path} has several lines, and all of them together are the secret`, 'keep one line'),
    );
  }
  if (othersMay(path, 0o077)) {
    findings.push(
      warning(
        `${path} is not for osqueryd alone (mode ${modeOf(path)}): with the secret, anybody can enroll hosts`,
        `chmod 600 ${path}`,
      ),
    );
  }
  return findings.length > 0 ? findings : [ok(path)];
}

function ofEnvironment(name: string, { env }: Host): Finding[] {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) {
    return [
      failure(
        '--enroll_secret_env is no name of a variable (capitals, digits, underscores)',
        '--enroll_secret_env=ENROLL_SECRET, with that set in osqueryd’s environment'.replace('’', "'"),
      ),
    ];
  }
  const value = env[name];
  if (value === undefined) {
    return [
      warning(
        `--enroll_secret_env names ${name}, which is not in this environment; osqueryd's may have it`,
        `run the doctor with it, or use --enroll_secret_path`,
      ),
    ];
  }
  if (value === '') return [failure(`the variable ${name} is empty`, 'put the secret there')];
  if (value !== value.trim()) {
    return [
      warning(
        `the variable ${name} has white space around the secret, and osquery sends it too`,
        'remove it',
      ),
    ];
  }
  return [ok(`the variable ${name}`)];
}

function without({ env, settings }: Host): Finding[] {
  if (env[moduleVariable]) return [ok('none by flags; the transport module may have one')];
  if (settings.enrollment.clientCertificate) return [ok('none: the client certificate says who the host is')];
  return [failure('there is no enroll secret', '--enroll_secret_path=/etc/osquery/enroll_secret')];
}
