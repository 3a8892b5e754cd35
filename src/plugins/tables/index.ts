export { outboxTable } from './outbox-table.ts';
export { quarantineTable } from './quarantine-table.ts';
export { type StatusSources, statusTable } from './status-table.ts';
