import type { CommandSpec, OptionSpec } from './command-spec.js';
import { formats } from './output/output.js';
import { context, label, limit, noWait, reason, stamp, tenant } from './tree/arguments.js';
import { driftCommands } from './tree/drift.js';
import { capacityCommands } from './tree/capacity.js';
import { limitCommands } from './tree/limits.js';
import { directoryCommands, directoryNouns } from './tree/directory.js';
import { collectionCommands, collectionNouns } from './tree/collections.js';
import { intentCommands, intentNouns } from './tree/intents.js';
import { jobCommands } from './tree/jobs.js';
import { replicationCommands, replicationNouns } from './tree/replication.js';
import { regionCommands, regionNouns } from './tree/regions.js';
import { rolloutCommands, rolloutNouns } from './tree/rollouts.js';
import { tenantChangeCommands } from './tree/tenants.js';
import { tokenCommands, tokenNouns } from './tree/tokens.js';
import { auditCommands, auditNouns } from './tree/audit.js';

export const nouns: Readonly<Record<string, string>> = {
  stamps: 'Copies of the workload, and what they hold',
  tenants: 'Customers, and where each is placed',
  'tenants hosts': 'Host names that lead to a tenant beside its default one',
  ...regionNouns,
  capacity: 'Room in the regions, and when they get more of it by themselves',
  limits: 'What each tenant and stamp may take of the routers',
  jobs: 'Durable work, such as provisioning',
  'jobs dead-letters': 'Jobs that nobody got done, for a person to look at',
  drift: 'What differs from what it should be, and what is hidden of it for a while',
  events: 'What happens in the fleet, live',
  ...rolloutNouns,
  ...replicationNouns,
  ...intentNouns,
  ...directoryNouns,
  ...collectionNouns,
  ...auditNouns,
  ...tokenNouns,
  context: 'Which control plane is meant',
};

const rings = ['canary', 'early', 'broad'];

export const commandTree: readonly CommandSpec[] = [
  {
    path: 'provision',
    summary: 'Bring a stamp into being, or up to date with its spec, and wait until it serves',
    args: [{ ...stamp, description: 'name of the stamp, <region>-<number>' }],
    options: [
      { flags: '--capacity <units>', description: 'units of tenants’ weight it can hold' },
      { flags: '--ring <ring>', description: 'roll-out ring', choices: rings },
      { flags: '--profile <profile>', description: 'size profile of the template' },
      { flags: '--workload <version>', description: 'version of the workload, for this once; roll-outs set it else' },
      { flags: '--isolation <isolation>', description: 'whether it takes one tenant only', choices: ['pooled', 'dedicated'] },
      label,
      reason,
      {
        flags: '--approve-replace <resource>',
        description: 'this resource may lose its data to a replacement or deletion; may be repeated',
        repeats: true,
      },
      { flags: '--dry-run', description: 'say resource by resource what would be changed, change nothing; exit code 7 if anything' },
      noWait,
    ],
    examples: [
      'stampctl provision eu-2',
      'stampctl provision eu-3 --capacity 500 --ring canary --timeout 10m',
      'stampctl provision eu-2 --dry-run',
    ],
    load: async () => (await import('./commands/provision.js')).provision,
  },
  {
    path: 'diff',
    summary: 'What stands between a stamp and its spec, property by property; exit code 7 if anything does',
    args: [stamp],
    examples: ['stampctl diff eu-2', 'stampctl diff eu-2 -o wide', 'stampctl diff eu-2 -o json'],
    load: async () => (await import('./commands/diff.js')).diff,
  },
  {
    path: 'plan',
    summary: 'Plans of many stamps at once, those that only have a file included; exit code 7 if any would change',
    args: [{ ...stamp, name: 'stamps', description: 'names of the stamps', optional: true, variadic: true }],
    options: [{ flags: '--all', description: 'all stamps of all regions, or of --region' }],
    examples: ['stampctl plan --all', 'stampctl plan --all --region eu', 'stampctl plan eu-1 eu-2'],
    load: async () => (await import('./commands/plan.js')).plan,
  },
  {
    path: 'stamps ls',
    summary: 'List the stamps',
    options: [
      { flags: '--status <status>', description: 'only these', choices: ['provisioning', 'active', 'failed', 'retiring', 'retired'] },
      limit,
    ],
    examples: ['stampctl stamps ls', 'stampctl stamps ls --region eu -o wide'],
    load: async () => (await import('./commands/stamps-ls.js')).stampsLs,
  },
  {
    path: 'stamps show',
    summary: 'Show one stamp in full',
    args: [stamp],
    examples: ['stampctl stamps show eu-2'],
    load: async () => (await import('./commands/stamps-show.js')).stampsShow,
  },
  {
    path: 'stamps cordon',
    summary: 'Place no new tenants on a stamp; those it holds stay and are served',
    args: [stamp],
    options: [{ flags: '--reason <text>', description: 'why, for the audit log and for whoever meets the cordon (required)' }],
    examples: ['stampctl stamps cordon eu-2 --reason "disk replaced at noon"'],
    load: async () => (await import('./commands/stamps-cordon.js')).stampsCordon,
  },
  {
    path: 'stamps uncordon',
    summary: 'Let a stamp take new tenants again',
    args: [stamp],
    options: [reason],
    examples: ['stampctl stamps uncordon eu-2'],
    load: async () => (await import('./commands/stamps-uncordon.js')).stampsUncordon,
  },
  {
    path: 'stamps retire',
    summary: 'Take an empty stamp down for good, and wait until nothing is left of it; asks for its name (--yes to skip)',
    args: [stamp],
    options: [
      { flags: '--no-snapshot', description: 'keep no final snapshot of its database' },
      { flags: '--dry-run', description: 'say what would be done and what stands in the way, change nothing' },
      reason,
      noWait,
    ],
    examples: [
      'stampctl stamps retire eu-2',
      'stampctl stamps retire eu-2 --dry-run',
      'stampctl stamps retire eu-2 --yes --reason "region is closed"',
    ],
    load: async () => (await import('./commands/stamps-retire.js')).stampsRetire,
  },
  {
    path: 'tenants create',
    summary: 'Create a tenant and wait until its stamp serves it (--region is its home region)',
    args: [{ name: 'tenant', description: 'id of the new tenant, a DNS label' }],
    options: [
      { flags: '--weight <units>', description: 'units of capacity it takes (default 1)' },
      { flags: '--residency <places>', description: 'regions or jurisdictions that may hold it, comma-separated (default: any)' },
      { flags: '--tier <tier>', description: 'share a stamp, or have one', choices: ['pooled', 'dedicated'] },
      label,
      reason,
      noWait,
    ],
    examples: [
      'stampctl tenants create acme --region eu',
      'stampctl tenants create bank --region eu --weight 5 --residency eu --tier dedicated -l plan=gold',
    ],
    load: async () => (await import('./commands/tenants-create.js')).tenantsCreate,
  },
  {
    path: 'tenants ls',
    summary: 'List the tenants',
    options: [
      { flags: '--stamp <stamp>', description: 'only those on this stamp' },
      { flags: '--status <status>', description: 'only these', choices: ['pending', 'placed', 'suspended', 'deleted'] },
      limit,
    ],
    examples: ['stampctl tenants ls --status pending', 'stampctl tenants ls --stamp eu-1 -o name'],
    load: async () => (await import('./commands/tenants-ls.js')).tenantsLs,
  },
  {
    path: 'tenants show',
    summary: 'Show one tenant in full',
    args: [tenant],
    examples: ['stampctl tenants show acme'],
    load: async () => (await import('./commands/tenants-show.js')).tenantsShow,
  },
  {
    path: 'tenants explain',
    summary: 'Why a tenant is where it is: every candidate stamp, every rule, every score',
    args: [tenant],
    options: [{ flags: '--now', description: 'show what would be decided at this moment instead of the recorded decision' }],
    examples: ['stampctl tenants explain acme', 'stampctl tenants explain acme --now'],
    load: async () => (await import('./commands/tenants-explain.js')).tenantsExplain,
  },
  ...tenantChangeCommands,
  {
    path: 'tenants delete',
    summary: 'Delete a tenant for good; asks for its name (--yes to skip)',
    args: [tenant],
    examples: ['stampctl tenants delete acme', 'stampctl tenants delete acme --yes'],
    load: async () => (await import('./commands/tenants-delete.js')).tenantsDelete,
  },
  ...regionCommands,
  ...capacityCommands,
  ...limitCommands,
  ...jobCommands,
  ...driftCommands,
  {
    path: 'route',
    summary: 'What a router would do with a request to this host, and why',
    args: [{ name: 'host', description: 'host name, as a client would send it' }],
    options: [
      { flags: '--path <path>', description: 'path of the request (default /)' },
      {
        flags: '--bearer-file <file>',
        description: 'file with the token that the request would have, "-" for standard input; also STAMPCTL_ROUTE_BEARER. Never shown',
      },
    ],
    examples: ['stampctl route acme.lapidary.localhost', 'stampctl route api.example.com --path /v2/orders --bearer-file token.jwt'],
    load: async () => (await import('./commands/route.js')).route,
  },
  {
    path: 'events tail',
    summary: 'Print events as they happen, across restarts of the control plane',
    options: [
      { flags: '--type <text>', description: 'only events whose type contains this' },
      { flags: '--subject <text>', description: 'only events whose subject contains this, for example tenant/acme' },
      { flags: '--since <id>', description: 'continue after the event with this id' },
      { flags: '-n, --limit <count>', description: 'end after this many' },
    ],
    examples: ['stampctl events tail', 'stampctl events tail --type tenant.placed -o json'],
    load: async () => (await import('./commands/events-tail.js')).eventsTail,
  },
  {
    path: 'doctor',
    summary: 'Check everything between this command and a serving fleet, and say what to do',
    examples: ['stampctl doctor'],
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  {
    path: 'version',
    summary: 'Version of this command and of the control plane',
    options: [{ flags: '--client', description: 'of this command only; asks nobody' }],
    examples: ['stampctl version', 'stampctl version --client -o json'],
    load: async () => (await import('./commands/version.js')).version,
  },
  {
    path: 'completion',
    summary: 'Print the completion script of a shell; names are waited for 400ms, or STAMPCTL_COMPLETION_TIMEOUT',
    args: [{ name: 'shell', description: 'your shell', choices: ['bash', 'zsh', 'fish'] }],
    examples: ['source <(stampctl completion bash)', 'stampctl completion fish > ~/.config/fish/completions/stampctl.fish'],
    load: async () => (await import('./commands/completion.js')).completion,
  },
  ...rolloutCommands,
  ...replicationCommands,
  ...intentCommands,
  ...directoryCommands,
  ...collectionCommands,
  ...auditCommands,
  ...tokenCommands,
  {
    path: 'context ls',
    summary: 'List the contexts',
    examples: ['stampctl context ls'],
    load: async () => (await import('./commands/context-ls.js')).contextLs,
  },
  {
    path: 'context use',
    summary: 'Make a context the current one',
    args: [context],
    examples: ['stampctl context use prod'],
    load: async () => (await import('./commands/context-use.js')).contextUse,
  },
  {
    path: 'context show',
    summary: 'Show which control plane is meant now, and why',
    args: [{ ...context, optional: true }],
    examples: ['stampctl context show', 'stampctl context show prod'],
    load: async () => (await import('./commands/context-show.js')).contextShow,
  },
  {
    path: 'context set',
    summary: 'Write a context: --server, --token or --token-file, --region',
    args: [{ name: 'name', description: 'name of the context' }],
    options: [
      { flags: '--token-file <path>', description: 'file that holds the token, read at each call' },
      { flags: '--use', description: 'make it the current one too' },
    ],
    examples: ['stampctl context set prod --server https://cp.example.com --token-file ~/.secrets/lapidary --use'],
    load: async () => (await import('./commands/context-set.js')).contextSet,
  },
];

export const globalOptions: readonly OptionSpec[] = [
  { flags: '-o, --output <format>', description: 'form of the answer', choices: formats },
  { flags: '--region <region>', description: 'region that is meant: its API is asked, lists show what is there' },
  { flags: '--server <url>', description: 'address of the control plane (or STAMPCTL_SERVER)' },
  { flags: '--token <token>', description: 'token to show (or STAMPCTL_TOKEN, which keeps it out of the process list)' },
  { flags: '--context <name>', description: 'context to use (or STAMPCTL_CONTEXT)' },
  { flags: '--timeout <duration>', description: 'give up after this long, like 90s or 5m; exit code 6' },
  {
    flags: '--if-unreachable <choice>',
    description: 'where the region of a command cannot be reached: queue it (default; exit code 8) or refuse it (exit code 1)',
    choices: ['queue', 'refuse'],
  },
  { flags: '--expires-in <duration>', description: 'how long a queued command may wait for its region, 5s to 7d (default 1d)' },
  { flags: '--wait-for-region', description: 'wait until a queued command is executed, and go on as if it had been at once' },
  { flags: '-y, --yes', description: 'answer yes to what would be asked' },
  { flags: '-v, --verbose', description: 'say more about failures, with request ids' },
];
