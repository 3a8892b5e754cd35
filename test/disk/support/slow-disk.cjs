// Loaded into the extension with `--require`: each write to a file of the journal takes so long as the file that
// SLOW_DISK names says, in milliseconds; in the disk thread as well.
const fs = require('node:fs');
const workers = require('node:worker_threads');
const { syncBuiltinESMExports } = require('node:module');

function slow(fs, path) {
  const { readFileSync, openSync, writeSync, closeSync } = fs;
  const journal = new Set();
  fs.openSync = (name, ...rest) => {
    const fd = openSync(name, ...rest);
    if (String(name).includes('.remote/outbox/')) journal.add(fd);
    return fd;
  };
  fs.closeSync = (fd) => {
    journal.delete(fd);
    closeSync(fd);
  };
  fs.writeSync = (fd, ...rest) => {
    if (journal.has(fd)) {
      const ms = Number(readFileSync(path, 'utf8'));
      if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    }
    return writeSync(fd, ...rest);
  };
}

const path = process.env['SLOW_DISK'];
if (path !== undefined && workers.isMainThread) {
  slow(fs, path);
  const { Worker } = workers;
  workers.Worker = class extends Worker {
    constructor(program, options) {
      const isText = options?.eval === true;
      const prefix = `(${slow})(require('node:fs'), ${JSON.stringify(path)});`;
      super(isText ? `${prefix}\n${program}` : program, options);
    }
  };
  syncBuiltinESMExports();
}
