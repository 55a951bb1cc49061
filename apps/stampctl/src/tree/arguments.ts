import type { ArgumentSpec, OptionSpec } from '../command-spec.js';

/** Arguments and options that several commands share. */
export const stamp: ArgumentSpec = { name: 'stamp', description: 'name of the stamp, like eu-2', completes: 'stamps' };
export const tenant: ArgumentSpec = { name: 'tenant', description: 'id of the tenant', completes: 'tenants' };
export const job: ArgumentSpec = { name: 'job', description: 'id of the job', completes: 'jobs' };
export const context: ArgumentSpec = { name: 'name', description: 'name of the context', completes: 'contexts' };
export const limit: OptionSpec = { flags: '-n, --limit <count>', description: 'show at most this many' };
export const reason: OptionSpec = { flags: '--reason <text>', description: 'why, for the audit log' };
export const noWait: OptionSpec = { flags: '--no-wait', description: 'return at once instead of following' };
export const label: OptionSpec = { flags: '-l, --label <key=value>', description: 'label; may be repeated', repeats: true };
