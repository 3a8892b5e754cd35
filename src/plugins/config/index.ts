export { type ConfigStatus, RemoteConfig, type RemoteConfigOptions } from './remote-config.ts';
export { configSource } from './source.ts';
export { configProblem, maxConfigBytes } from './validate-config.ts';
