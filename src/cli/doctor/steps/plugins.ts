import { flag, type Host, isOn, usesRemote } from '../host.ts';
import { activated, builtIn, registries } from '../plugin-names.ts';
import { type Finding, failure, ok, type Step, warning } from '../step.ts';

/** Node needs longer to start than a C++ extension does. */
const wantedTimeoutS = 10;

/** Do the flags of osqueryd lead to our plugins? */
export const plugins: Step = {
  name: 'plugins',
  needs: [],
  check(host) {
    const findings: Finding[] = [...names(host), ...besides(host), ...start(host)];
    const used = registries.filter((registry) => usesRemote(host, registry));
    if (used.length === 0) {
      return [
        ...findings,
        failure(
          'no plugin of osqueryd is called remote',
          '--config_plugin=remote, --logger_plugin=remote, --distributed_plugin=remote',
        ),
      ];
    }
    return [...findings, ok(`remote is the plugin for ${used.join(', ')}`)];
  },
};

function names(host: Host): Finding[] {
  const findings: Finding[] = [];
  for (const registry of registries) {
    for (const name of activated(host, registry)) {
      if (name === 'remote' || builtIn[registry].includes(name)) continue;
      const advice =
        /remote/i.test(name) || name === ''
          ? `--${registry}_plugin=remote`
          : `--${registry}_plugin=remote, unless another extension has it`;
      findings.push(
        failure(
          `--${registry}_plugin names ${JSON.stringify(name)}, which neither osqueryd nor osquery-remote has`,
          advice,
        ),
      );
    }
  }
  if (activated(host, 'config').includes('tls')) {
    findings.push(warning('the config comes from the built-in tls plugin', '--config_plugin=remote'));
  } else if (activated(host, 'config').includes('filesystem')) {
    findings.push(
      warning(`the config comes from the file ${flag(host, 'config_path')}`, '--config_plugin=remote'),
    );
  }
  if (isOn(host, 'disable_distributed')) {
    findings.push(
      warning(
        'ad-hoc queries are off, as by default',
        '--disable_distributed=false and --distributed_plugin=remote',
      ),
    );
  } else if (activated(host, 'distributed').includes('tls')) {
    findings.push(
      warning('ad-hoc queries are asked for by the built-in tls plugin', '--distributed_plugin=remote'),
    );
  }
  if (isOn(host, 'disable_logging')) {
    findings.push(warning('--disable_logging is on: there are no result lines', 'remove it'));
  }
  return findings;
}

/** What stands beside `remote` in --logger_plugin. */
function besides(host: Host): Finding[] {
  if (!usesRemote(host, 'logger'))
    return isOn(host, 'disable_logging')
      ? []
      : [warning('result lines do not go to remote', '--logger_plugin=remote')];
  const { loggerPlugins } = host.settings;
  const findings: Finding[] = [];
  if (loggerPlugins.includes('filesystem')) {
    findings.push(
      warning(
        'filesystem stands beside remote in --logger_plugin: when it starts, it takes the status lines from every other logger',
        '--logger_plugin=remote, or remote,stdout',
      ),
    );
  }
  if (loggerPlugins.includes('tls')) {
    findings.push(
      warning(
        'tls stands beside remote in --logger_plugin: each line goes to the server twice',
        '--logger_plugin=remote',
      ),
    );
  }
  const after = loggerPlugins.slice(loggerPlugins.lastIndexOf('remote') + 1);
  if (after.length > 0 && !after.includes('filesystem') && !after.includes('tls')) {
    findings.push(
      ok(
        `${after.join(', ')} after remote: osqueryd looks at the last logger's answer only, so it survives a moment without us, and the lines of that moment are lost`,
      ),
    );
  }
  if (host.settings.own.batchResults && loggerPlugins.length > 1) {
    findings.push(
      warning(
        'remote_batch_results is not used while there is another logger, which would see its form',
        '--logger_plugin=remote',
      ),
    );
  }
  return findings;
}

function start(host: Host): Finding[] {
  const findings: Finding[] = [];
  const timeoutS = Number.parseInt(flag(host, 'extensions_timeout'), 10) || 0;
  if (timeoutS < wantedTimeoutS) {
    findings.push(
      warning(
        `osqueryd waits ${timeoutS} s for extensions to start (--extensions_timeout), then exits with 78; Node may need longer on a busy host`,
        `--extensions_timeout=${wantedTimeoutS}`,
      ),
    );
  }
  if (usesRemote(host, 'config') && host.settings.configRefreshS === 0) {
    findings.push(
      warning(
        'osqueryd asks for its config at its start only (--config_refresh is 0), so changes do not arrive',
        '--config_refresh=300',
      ),
    );
  }
  if (usesRemote(host, 'config') && isOn(host, 'enroll_always')) {
    findings.push(warning('--enroll_always: the host enrolls at each start of osqueryd', 'remove it'));
  }
  return findings;
}
