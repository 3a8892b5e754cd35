export { type ConfigStatus, RemoteConfig, type RemoteConfigOptions } from './remote-config.ts';
export { RemotePacks, type RemotePacksOptions } from './remote-packs.ts';
export { configSource } from './source.ts';
export { configProblem, maxConfigBytes } from './validate-config.ts';
