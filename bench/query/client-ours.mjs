// ExtensionManager.query in a process of its own. Over IPC: { path, rows, times } is answered by { ms: [...], cpuMs, rssMiB }.
import { ExtensionManager } from '../../dist/extension/index.js';
import { serveMeasurements } from './serve.mjs';

let manager;
serveMeasurements((path, sql) => {
  manager ??= new ExtensionManager(path);
  return manager.query(sql);
});
