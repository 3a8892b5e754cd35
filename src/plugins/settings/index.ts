export { defaultOwnSettings, type OwnSettings, readOwnSettings } from './own-settings.ts';
export { capsOf, forwardSettings, readSettings, type Settings, settingsReader } from './settings.ts';
