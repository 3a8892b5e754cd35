export { RemoteDistributed, type RemoteDistributedOptions } from './remote-distributed.ts';
export { type SplitResult, splitResults } from './split-results.ts';
