// Regenerates thrift/gen from osquery.thrift: `npm run thrift` (needs Debian's thrift-compiler, 0.17).
//
// The compiler's JavaScript decodes maps into plain objects, which loses the order of keys that look like integers and
// walks lists with `for … in`. This script takes its output and turns maps into `Map`, walks lists with `for … of`,
// and leaves out client and processor (src/extension has its own, on an incremental transport). It fails when the
// compiler's output no longer has the form it knows.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const idl = join(import.meta.dirname, 'osquery.thrift');
const out = join(import.meta.dirname, 'gen');
const tmp = mkdtempSync(join(tmpdir(), 'thrift-'));
try {
  execFileSync('thrift', ['--gen', 'js:node,es6', '--gen', 'json', '-o', tmp, idl], { stdio: 'inherit' });
  const code = ['osquery_types', 'Extension', 'ExtensionManager'].map((name) =>
    toMaps(classesOf(readFileSync(join(tmp, 'gen-nodejs', `${name}.js`), 'utf8'))),
  );
  const model = JSON.parse(readFileSync(join(tmp, 'gen-json', 'osquery.json'), 'utf8'));
  const notice = '// Generated from thrift/osquery.thrift by thrift/generate.mjs. Do not edit.\n';
  const head = `${notice}import Thrift from 'thrift/lib/nodejs/lib/thrift/thrift.js';\n\n`;
  writeFileSync(join(out, 'osquery.js'), head + code.join('\n'));
  writeFileSync(join(out, 'osquery.d.ts'), notice + declarations(model));
} finally {
  rmSync(tmp, { recursive: true });
}

/** The struct classes and enums of one generated file, as ES module exports. */
function classesOf(source) {
  const found = [
    ...source.matchAll(/^(?:const (\w+) = (?:module\.exports\.\w+ = )?class|ttypes\.(\w+) = \{)/gm),
  ];
  const ends = [...found.slice(1).map((match) => match.index), source.length];
  return found
    .map((match, i) => ({ name: match[1] ?? match[2], text: source.slice(match.index, ends[i]) }))
    .filter(({ name }) => !/(Client|Processor)$/.test(name))
    .map(({ name, text }) => {
      const body = text.replace(/^const \w+ = (module\.exports\.\w+ = )?class/, `export class ${name}`);
      return trimToBlock(body.replace(/^ttypes\.\w+ = /, `export const ${name} = `)).replaceAll(
        'ttypes.',
        '',
      );
    })
    .join('\n');
}

/** Cuts what follows the closing brace in column 0 (the next declaration's leading code). */
function trimToBlock(text) {
  const end = text.indexOf('\n}') + 2;
  return `${text.slice(0, end)}\n`;
}

function toMaps(source) {
  const result = source
    .replace(/= \{\};(\s*const _rtmp\d+ = input\.readMapBegin\(\);)/g, '= new Map();$1')
    .replace(/([\w.]+)\[(key\d+)\] = (val\d+);/g, '$1.set($2, $3);')
    .replace(/Thrift\.objectLength\(([\w.]+)\)/g, '$1.size')
    .replace(
      /for \(let (kiter\d+) in ([\w.]+)\) \{\s*if \(\2\.hasOwnProperty\(\1\)\) \{\s*let (viter\d+) = \2\[\1\];/g,
      'for (const [$1, $3] of $2) {{',
    )
    .replace(
      /for \(let (iter\d+) in ([\w.]+)\) \{\s*if \(\2\.hasOwnProperty\(\1\)\) \{\s*\1 = \2\[\1\];/g,
      'for (const $1 of $2) {{',
    )
    .replace(/Thrift\.copy(?:Map|List)\((args\.\w+), .*\);/g, '$1;');
  for (const leftover of ['hasOwnProperty', 'objectLength', 'copyMap', 'copyList', '= {};', ' in ']) {
    if (result.includes(leftover)) throw new Error(`the compiler's output has changed: found "${leftover}"`);
  }
  return result;
}

function declarations(model) {
  const typeOf = (id, type) => {
    if (id === 'string') return 'string';
    if (id === 'binary') return 'Uint8Array';
    if (['byte', 'i16', 'i32', 'i64'].includes(id)) return 'number';
    if (id === 'list') return `${typeOf(type.elemTypeId, type.elemType)}[]`;
    if (id === 'map')
      return `Map<${typeOf(type.keyTypeId, type.keyType)}, ${typeOf(type.valueTypeId, type.valueType)}>`;
    if (id === 'struct') return type.class;
    throw new Error(`no TypeScript type for Thrift's ${id}`);
  };
  const classOf = (name, fields, base = '') => {
    const member = ({ key, type }) => `  ${key}: ${type} | null;\n`;
    const init =
      fields.length === 0 ? '' : `args?: { ${fields.map(({ key, type }) => `${key}?: ${type}`).join('; ')} }`;
    return (
      `export class ${name}${base} {\n  constructor(${init});\n${fields.map(member).join('')}` +
      '  read(input: ThriftInput): void;\n  write(output: ThriftOutput): void;\n}\n'
    );
  };
  const structs = model.structs.map((struct) =>
    classOf(
      struct.name,
      struct.fields.map((field) => ({ key: field.name, type: typeOf(field.typeId, field.type) })),
      struct.isException ? ' extends Error' : '',
    ),
  );
  const calls = model.services.flatMap((service) =>
    service.functions.flatMap((fn) => [
      classOf(
        `${service.name}_${fn.name}_args`,
        fn.arguments.map((field) => ({ key: field.name, type: typeOf(field.typeId, field.type) })),
      ),
      classOf(
        `${service.name}_${fn.name}_result`,
        fn.returnTypeId === 'void' ? [] : [{ key: 'success', type: typeOf(fn.returnTypeId, fn.returnType) }],
      ),
    ]),
  );
  const enums = model.enums.map(
    ({ name, members }) =>
      `export const ${name}: { ${members.map((member) => `readonly ${member.name}: ${member.value}`).join('; ')} };\n`,
  );
  return [
    "import type { ThriftInput, ThriftOutput } from '../protocol.d.ts';\n\n",
    ...enums,
    ...structs,
    ...calls,
  ].join('');
}
