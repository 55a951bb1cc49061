import type { ArgumentSpec, CommandSpec, OptionSpec } from '../command-spec.js';
import { limit } from './arguments.js';

/** Commands about what regions tell each other; part of the command tree. */
export const replicationNouns: Readonly<Record<string, string>> = {
  geode: 'How a region stands with the others',
  dlq: 'Events of other regions that could not be applied',
  conflicts: 'What lost where two regions wrote the same',
};

const letter: ArgumentSpec = { name: 'letter', description: 'id of the dead letter', optional: true };
const filters: readonly OptionSpec[] = [
  { flags: '--origin <region>', description: 'only events of this region' },
  { flags: '--type <type>', description: 'only events of this type' },
  { flags: '--tenant <tenant>', description: 'only events about this tenant' },
  { flags: '--subject <subject>', description: 'only events about this, for example stamp/eu-2' },
  { flags: '--since <time>', description: 'only those parked since: 2h, or an RFC 3339 time' },
  { flags: '--until <time>', description: 'only those parked before: 10m, or an RFC 3339 time' },
];
const rate: OptionSpec = { flags: '--rate <number>', description: 'at most this many a second (default 20)' };
const all: OptionSpec = { flags: '--all', description: 'all that are open' };
const conflictFilters: readonly OptionSpec[] = [
  { flags: '--subject <subject>', description: 'only those about this, for example tenant/acme' },
  { flags: '--collection <collection>', description: 'only those of this collection' },
  { flags: '--tenant <tenant>', description: 'only those of documents of this tenant' },
  { flags: '--since <time>', description: 'only those found since: 2h, or an RFC 3339 time' },
  { flags: '--until <time>', description: 'only those found before: 10m, or an RFC 3339 time' },
];
const exampleId = 'us.01K0000000000000000000000A';

export const replicationCommands: readonly CommandSpec[] = [
  {
    path: 'geode status',
    summary: 'Links, lag and queues of a region towards the others, and since when it is alone',
    examples: ['stampctl geode status', 'stampctl geode status --region us -o wide'],
    load: async () => (await import('../commands/geode-status.js')).geodeStatus,
  },
  {
    path: 'geode held',
    summary: 'List changes of other regions that wait for their time, since the clock that made them is ahead',
    options: [limit],
    examples: ['stampctl geode held', 'stampctl geode held --region us -o json'],
    load: async () => (await import('../commands/geode-held.js')).geodeHeld,
  },
  {
    path: 'geode open',
    summary: 'Have a region that was restored from a backup write again without regions that can’t be heard; what they alone hold is lost',
    options: [
      { flags: '--without <region...>', description: 'regions that are not waited for any more (required)' },
      { flags: '--reason <text>', description: 'why, for the audit log (required)' },
    ],
    examples: ['stampctl geode open --without us --reason "us is gone for good"'],
    load: async () => (await import('../commands/geode-recover.js')).geodeOpen,
  },
  {
    path: 'geode trust',
    summary: 'Say that tokens which are held since the region was restored are still good: they may have been revoked since its backup',
    options: [
      { flags: '--name <token...>', description: 'names of held tokens (required)' },
      { flags: '--reason <text>', description: 'why, for the audit log (required)' },
    ],
    examples: ['stampctl geode trust --name deploys --reason "still in use, nobody has revoked it"'],
    load: async () => (await import('../commands/geode-recover.js')).geodeTrust,
  },
  {
    path: 'geode reseed',
    summary: 'Empty a region of documents whose backup is too old, so that it is filled anew from the others',
    options: [{ flags: '--reason <text>', description: 'why, for the audit log (required)' }],
    examples: ['stampctl geode reseed --reason "backup of last year"'],
    load: async () => (await import('../commands/geode-recover.js')).geodeReseed,
  },
  {
    path: 'dlq ls',
    summary: 'List events that could not be applied, of all regions, the newest first; exit code 1 when a region is missing',
    options: [
      ...filters,
      {
        flags: '--state <state>',
        description: 'open (default) or settled how',
        choices: ['open', 'waiting', 'replayed', 'superseded', 'dropped', 'refused'],
      },
      limit,
    ],
    examples: ['stampctl dlq ls', 'stampctl dlq ls --region us --tenant acme -o wide'],
    load: async () => (await import('../commands/dlq-ls.js')).dlqLs,
  },
  {
    path: 'dlq show',
    summary: 'Show a dead letter with the event as it came',
    args: [{ ...letter, optional: false }],
    examples: [`stampctl dlq show ${exampleId}`],
    load: async () => (await import('../commands/dlq-show.js')).dlqShow,
  },
  {
    path: 'dlq replay',
    summary: 'Try dead letters again, the oldest first; exit code 1 where one is refused again',
    args: [letter],
    options: [...filters, all, rate, { flags: '--dry-run', description: 'say what would come of it, change nothing' }],
    examples: [`stampctl dlq replay ${exampleId} --dry-run`, 'stampctl dlq replay --type lapidary.tenant.placed.v1 --since 2h --rate 5'],
    load: async () => (await import('../commands/dlq-replay.js')).dlqReplay,
  },
  {
    path: 'dlq drop',
    summary: 'Give dead letters up; they stay to be read',
    args: [letter],
    options: [
      ...filters,
      all,
      { flags: '--reason <text>', description: 'why, for the audit log (required)' },
      rate,
      { flags: '--dry-run', description: 'say which would be given up, change nothing' },
    ],
    examples: [
      `stampctl dlq drop ${exampleId} --reason "tenant is gone"`,
      'stampctl dlq drop --tenant acme --reason "tenant is gone" --dry-run',
    ],
    load: async () => (await import('../commands/dlq-drop.js')).dlqDrop,
  },
  {
    path: 'conflicts ls',
    summary: 'List what lost where two regions wrote the same, the newest first',
    options: [...conflictFilters, limit],
    examples: ['stampctl conflicts ls', 'stampctl conflicts ls --collection prices --since 2h'],
    load: async () => (await import('../commands/conflicts-ls.js')).conflictsLs,
  },
  {
    path: 'conflicts counts',
    summary: 'Count conflicts by collection',
    examples: ['stampctl conflicts counts', 'stampctl conflicts counts --region us'],
    load: async () => (await import('../commands/conflicts-counts.js')).conflictsCounts,
  },
  {
    path: 'conflicts export',
    summary: 'Write the conflict ledger out, as far as you may see it, for other programs',
    options: [
      ...conflictFilters,
      {
        flags: '--format <format>',
        description: 'one JSON object a line (default), or a table for spreadsheets',
        choices: ['ndjson', 'csv'],
      },
      { flags: '--out <file>', description: 'write here instead of to standard output' },
    ],
    examples: [
      'stampctl conflicts export > conflicts.ndjson',
      'stampctl conflicts export --collection prices --format csv --out prices.csv',
    ],
    load: async () => (await import('../commands/conflicts-export.js')).conflictsExport,
  },
  {
    path: 'conflicts show',
    summary: 'Show a conflict with both sides and the rule that decided',
    args: [{ name: 'conflict', description: 'id of the conflict' }],
    examples: ['stampctl conflicts show tenant-name:acme:eu:us'],
    load: async () => (await import('../commands/conflicts-show.js')).conflictsShow,
  },
];
