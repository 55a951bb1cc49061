import { driftKinds } from '@lapidary/contracts/drift-kinds';
import type { ArgumentSpec, CommandSpec, OptionSpec } from '../command-spec.js';
import { limit, noWait, reason, stamp } from './arguments.js';

const finding: ArgumentSpec = { name: 'finding', description: 'id of the finding' };
const kind: OptionSpec = { flags: '--kind <kind>', description: 'what was looked at', choices: driftKinds };
const subject: OptionSpec = { flags: '--subject <subject>', description: 'what it is about, for example stamp/eu-2' };
const reportForms = ['md', 'html', 'csv', 'json'];
const exampleId = 'eu.01K0000000000000000000000A';

export const driftCommands: readonly CommandSpec[] = [
  {
    path: 'drift ls',
    summary:
      'List what differs from what it should be, in all regions; exit code 7 when anything stands that is not suppressed, 1 when a region is missing',
    options: [
      kind,
      subject,
      { flags: '--severity <severity>', description: 'this or worse', choices: ['info', 'warning', 'critical'] },
      { flags: '--state <state>', description: 'default: open', choices: ['open', 'suppressed', 'resolved', 'all'] },
      limit,
    ],
    examples: ['stampctl drift ls', 'stampctl drift ls --severity critical -o json', 'stampctl drift ls --state suppressed --region eu'],
    load: async () => (await import('../commands/drift-ls.js')).driftLs,
  },
  {
    path: 'drift show',
    summary: 'Show one finding in full',
    args: [finding],
    examples: [`stampctl drift show ${exampleId}`],
    load: async () => (await import('../commands/drift-show.js')).driftShow,
  },
  {
    path: 'drift run',
    summary: 'Look now and wait for the result; exit code 7 when anything stands that is not suppressed',
    args: [{ ...stamp, description: 'look at this stamp only; without it at all of the region', optional: true }],
    options: [reason, noWait],
    examples: ['stampctl drift run', 'stampctl drift run eu-2', 'stampctl drift run --region us --timeout 5m'],
    load: async () => (await import('../commands/drift-run.js')).driftRun,
  },
  {
    path: 'drift runs',
    summary: 'List the last looks, and whether each sensor found what was planted for it',
    options: [limit],
    examples: ['stampctl drift runs', 'stampctl drift runs --region us -n 3 -o json'],
    load: async () => (await import('../commands/drift-runs.js')).driftRuns,
  },
  {
    path: 'drift repair',
    summary:
      'Merge what other regions have of documents that differ or are corrupt, and have routers and agents fetch their routes anew; exit code 7 when a person has to look at one',
    args: [{ ...finding, description: 'this finding only; without it all of the region', optional: true }],
    options: [subject, { flags: '--dry-run', description: 'do it, say what came of it, and take it back' }, reason, noWait],
    examples: ['stampctl drift repair --dry-run', 'stampctl drift repair --subject replica/us.shop', `stampctl drift repair ${exampleId}`],
    load: async () => (await import('../commands/drift-repair.js')).driftRepair,
  },
  {
    path: 'drift trend',
    summary: 'Show what came, went and stood on each day, and whether anybody looked',
    options: [{ flags: '--days <n>', description: 'how many days back, today with them; default: 14, at most 366' }],
    examples: ['stampctl drift trend', 'stampctl drift trend --days 90 --region eu', 'stampctl drift trend -o json'],
    load: async () => (await import('../commands/drift-trend.js')).driftTrend,
  },
  {
    path: 'drift report',
    summary: 'Write what stands in all regions, with the trend of the last days, for a review',
    formats: reportForms,
    options: [
      { flags: '--days <n>', description: 'days of the trend; default: 30, at most 366' },
      {
        flags: '--format <format>',
        description: 'the same as -o, which knows these forms here; default: md; csv has one row a finding',
        choices: reportForms,
      },
      { flags: '--out <file>', description: 'write here instead of to standard output' },
    ],
    examples: ['stampctl drift report', 'stampctl drift report -o html --out drift.html', 'stampctl drift report -o csv --region eu'],
    load: async () => (await import('../commands/drift-report.js')).driftReport,
  },
  {
    path: 'drift suppress',
    summary: 'Hide a finding for a while, or everything of a kind about a subject; it comes back when the time is over',
    args: [{ ...finding, optional: true }],
    options: [
      { flags: '--owner <name>', description: 'who answers for it (required)' },
      { flags: '--reason <text>', description: 'why it may stay for now (required)' },
      { flags: '--for <duration>', description: 'for how long, like 12h or 7d (required, at most 90d)' },
      {
        flags: '--severity <severity>',
        description: 'the worst that it hides; default: as bad as it is now, and a warning where nothing stands',
        choices: ['info', 'warning', 'critical'],
      },
      subject,
      kind,
    ],
    examples: [
      `stampctl drift suppress ${exampleId} --owner ann --reason "limit raised for the sale" --for 7d`,
      'stampctl drift suppress --subject stamp/eu-2 --kind version --owner ann --reason "bisecting" --for 12h',
    ],
    load: async () => (await import('../commands/drift-suppress.js')).driftSuppress,
  },
  {
    path: 'drift unsuppress',
    summary: 'Show again what a suppression hides; the suppression stays on record',
    args: [{ name: 'id', description: 'id of the suppression, or of the finding that it hides' }],
    options: [reason],
    examples: [`stampctl drift unsuppress ${exampleId}`],
    load: async () => (await import('../commands/drift-unsuppress.js')).driftUnsuppress,
  },
  {
    path: 'drift suppressions',
    summary: 'List the suppressions: whose, why, until when, and how much each hides',
    options: [{ flags: '--state <state>', description: 'default: active', choices: ['active', 'expired', 'lifted', 'all'] }, limit],
    examples: ['stampctl drift suppressions', 'stampctl drift suppressions --state all'],
    load: async () => (await import('../commands/drift-suppressions.js')).driftSuppressions,
  },
];
