export { Forwarder, type ForwarderOptions } from './forwarder.ts';
export { defaultForwardSettings, type ForwardSettings } from './settings.ts';
