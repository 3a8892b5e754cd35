import { readFileSync } from 'node:fs';
import { FlagError, Flags } from '../../testing/index.ts';
import { nearest } from './nearest.ts';

/** What is odd about a line of a flag file. */
export interface FlagProblem {
  /** `failure` when osqueryd does not start, or does not see what was meant. */
  readonly level: 'warning' | 'failure';
  readonly text: string;
  readonly advice?: string;
}

export interface FlagFile {
  /** The lines that osqueryd takes, in the form of arguments. */
  readonly argv: readonly string[];
  readonly problems: readonly FlagProblem[];
}

/**
 * Reads a flag file as gflags does: white space in front of a line and lines with `#` are passed over, and so is, without
 * a word, every line that names no flag or gives it no value. A line without dashes names programs: what follows is for
 * these alone.
 * @throws {Error} when the file cannot be read.
 */
export function readFlagFile(path: string): FlagFile {
  return parseFlagFile(readFileSync(path, 'utf8'), path);
}

export function parseFlagFile(text: string, path: string): FlagFile {
  const argv: string[] = [];
  const problems: FlagProblem[] = [];
  let isForUs = true;
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = raw.trimStart();
    const where = `${path}:${index + 1}`;
    if (line === '' || line.startsWith('#')) continue;
    if (!line.startsWith('-')) {
      isForUs = line.split(/\s+/).some((word) => /(^|\/)osqueryd$|^\*$/.test(word));
      if (!isForUs) problems.push(noFlag(where));
    } else if (isForUs) {
      const problem = problemOf(line, where);
      if (problem !== undefined) problems.push(problem);
      if (problem?.level !== 'failure') argv.push(line);
    }
  }
  return { argv, problems };
}

function noFlag(where: string): FlagProblem {
  return {
    level: 'failure',
    text: `${where} does not start with --: osqueryd takes it for the name of a program, and passes over all lines after it`,
    advice: 'write --name=value, or # in front of it',
  };
}

/** Values are not shown: nobody knows what somebody wrote there. */
function problemOf(line: string, where: string): FlagProblem | undefined {
  const [, name = '', equals] = /^--?([^=\s]*)\s*(=)?/.exec(line) ?? [];
  const value = line.slice(line.indexOf('=') + 1);
  const spaced = /^--?[\w-]+\s/.exec(line);
  if (spaced !== null) {
    return {
      level: 'failure',
      text: `${where}: there is white space behind --${name}, so osqueryd passes over the line without a word`,
      advice: equals ? `--${name}=… without spaces` : `--${name}=…, with = in place of the space`,
    };
  }
  try {
    new Flags([line]);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return refusal(error, name, where);
  }
  if (/\s$/.test(value)) {
    return {
      level: 'warning',
      text: `${where}: the white space at the end of the line becomes part of --${name}`,
      advice: 'remove it',
    };
  }
  if (/^(".*"|'.*')$/.test(value)) {
    return {
      level: 'warning',
      text: `${where}: the quotes become part of --${name}, as no shell reads this file`,
      advice: 'remove them',
    };
  }
  return undefined;
}

function refusal(error: FlagError, name: string, where: string): FlagProblem | undefined {
  if (/missing its argument/.test(error.message)) {
    return {
      level: 'failure',
      text: `${where}: --${name} has no value, so osqueryd passes over the line`,
      advice: `--${name}=…`,
    };
  }
  if (name === 'flagfile') {
    return {
      level: 'failure',
      text: `${where}: the file that it names cannot be read, and osqueryd does not start`,
    };
  }
  const type = /for (\w+) flag/.exec(error.message)?.[1];
  if (type !== undefined) {
    return {
      level: 'failure',
      text: `${where}: the value of --${name} is no ${type}, and osqueryd does not start`,
      advice: 'correct it',
    };
  }
  // Builds differ in what flags they have. What is close to one that concerns us was meant to be that.
  const meant = nearest(name, [...new Flags([]).options().keys()]);
  return {
    level: meant === undefined ? 'warning' : 'failure',
    text: `${where}: no osqueryd that we know has a flag --${name}; osqueryd passes over what it does not know`,
    ...(meant !== undefined && { advice: `--${meant}, if that is meant` }),
  };
}
