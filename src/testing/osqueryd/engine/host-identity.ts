import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { type ByteString, toBytes } from './bytes.ts';
import { tableRow } from './host-table.ts';
import type { TableRow } from './virtual-tables.ts';

/** Rows of `os_version`. On Linux from `/etc/os-release`, with the extra `_id` that core puts into `generate`. */
export function osVersionRows(): TableRow[] {
  if (process.platform !== 'linux') {
    const [major = '0', minor = '0', patch = '0'] = release().split('.');
    const platform = process.platform === 'win32' ? 'windows' : process.platform;
    return [tableRow({ name: platform, version: release(), major, minor, patch, platform, arch: machine() })];
  }
  const release_ = parseOsRelease(readText('/etc/os-release'));
  const id = release_.get('VERSION_ID') ?? '';
  const [major = '0', minor = '0', patch = '0'] = id.split('.').filter((part) => part !== '');
  const like = release_.get('ID_LIKE');
  const codename = release_.get('VERSION_CODENAME');
  return [
    tableRow({
      _id: id,
      name: release_.get('NAME') ?? '',
      version: release_.get('VERSION') ?? '',
      major,
      minor,
      patch,
      platform: release_.get('ID') ?? 'linux',
      ...(like === undefined ? {} : { platform_like: like }),
      ...(codename === undefined ? {} : { codename }),
      arch: machine(),
      pid_with_namespace: 0,
    }),
  ];
}

/** Rows of `system_info`. What this host does not tell an ordinary user is left out. */
export function systemInfoRows(uuid: ByteString): TableRow[] {
  const name = toBytes(hostname());
  const processors = cpus();
  const details = parseCpuInfo(readText('/proc/cpuinfo'));
  return [
    tableRow({
      hostname: name,
      uuid,
      cpu_type: machine(),
      cpu_subtype: details.get('model') ?? '',
      cpu_brand: toBytes(processors[0]?.model ?? ''),
      cpu_physical_cores: details.get('cpu cores') ?? processors.length,
      cpu_logical_cores: processors.length,
      cpu_sockets: 1,
      cpu_microcode: details.get('microcode') ?? '',
      physical_memory: totalmem(),
      hardware_model: readText('/sys/class/dmi/id/product_name').trim(),
      computer_name: name,
      local_hostname: name,
    }),
  ];
}

/** Rows of `platform_info`; none where the firmware tells nothing, as on many virtual machines. */
export function platformInfoRows(): TableRow[] {
  const dmi = (name: string) => readText(`/sys/class/dmi/id/${name}`).trim();
  const vendor = dmi('bios_vendor');
  const version = dmi('bios_version');
  if (vendor === '' && version === '') return [];
  return [tableRow({ vendor, version, date: dmi('bios_date'), revision: dmi('bios_release') })];
}

/** `NAME=value` lines, values perhaps in quotes. */
export function parseOsRelease(text: ByteString): Map<ByteString, ByteString> {
  const lines = text.split('\n').flatMap((line) => {
    const found = /^([A-Z_]+)=(.*)$/.exec(line.trim());
    return found === null
      ? []
      : [[found[1] ?? '', (found[2] ?? '').replace(/^(["'])(.*)\1$/, '$2')] as const];
  });
  return new Map(lines);
}

/** `name : value` lines of the first processor. */
export function parseCpuInfo(text: ByteString): Map<ByteString, ByteString> {
  const [first = ''] = text.split('\n\n');
  const lines = first.split('\n').map((line) => {
    const [name = '', ...value] = line.split(':');
    return [name.trim(), value.join(':').trim()] as const;
  });
  return new Map(lines);
}

/** The bytes of a small file; empty when it cannot be read. */
export function readText(path: string): ByteString {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The machine's architecture in the words of `uname -m`. */
function machine(): string {
  const name = arch();
  return name === 'x64' ? 'x86_64' : name === 'arm64' && process.platform === 'linux' ? 'aarch64' : name;
}
