import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { lockFile } from './paths.mjs';
import { say } from './say.mjs';

const pollMs = 100;

/** Runs `work` while no other process does. A lock whose process has died is taken over. */
export async function alone(work) {
  mkdirSync(dirname(lockFile), { recursive: true });
  const mine = `${lockFile}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    await acquire(mine);
    try {
      return await work();
    } finally {
      rmSync(lockFile, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

async function acquire(mine) {
  for (let told = false; !tryLink(mine, lockFile); ) {
    const owner = readPid(lockFile);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      breakLock(owner);
      continue;
    }
    if (!told) say(`Waiting for process ${owner}, which installs or builds in this directory…`);
    told = true;
    await setTimeout(pollMs);
  }
}

/** `link` gives the lock its content and its name in one step. @returns whether it is ours. */
function tryLink(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a process that is gone, but not the one that somebody else took meanwhile. */
function breakLock(owner) {
  const aside = `${lockFile}.${process.pid}.broken`;
  try {
    renameSync(lockFile, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readPid(aside) !== owner) tryLink(aside, lockFile);
  rmSync(aside, { force: true });
}

function readPid(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
