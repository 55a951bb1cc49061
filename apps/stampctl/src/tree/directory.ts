import type { CommandSpec, OptionSpec } from '../command-spec.js';

/** Commands that give the directory to engines that are not ours, and drills; part of the command tree. */
export const directoryNouns: Readonly<Record<string, string>> = {
  directory: 'Where requests go, for engines at your edge',
  'directory feed': 'Keep an engine’s own table current',
  drill: 'Show that what is promised for bad days holds',
};

const baseDomain: OptionSpec = {
  flags: '--base-domain <domain>',
  description: 'a tenant’s host is <tenant>.<domain> (default lapidary.localhost)',
};

export const directoryCommands: readonly CommandSpec[] = [
  {
    path: 'directory export',
    summary: 'Write the hosts of all tenants, with stamp and epoch or that nobody may forward now, as an engine’s own table',
    options: [
      { flags: '--format <format>', description: 'whose table (required)', choices: ['haproxy', 'nginx', 'envoy'] },
      { flags: '--out <file>', description: 'where to; standard output without it' },
      baseDomain,
    ],
    examples: ['stampctl directory export --format haproxy --out tenants.map', 'stampctl directory export --format envoy > routes.json'],
    load: async () => (await import('../commands/directory-export.js')).directoryExport,
  },
  {
    path: 'directory feed haproxy',
    summary: 'Keep HAProxy’s map current by its runtime API: single changes in place, many as a new version put in place at once',
    options: [
      { flags: '--socket <path>', description: 'HAProxy’s admin socket (required)' },
      { flags: '--map <file>', description: 'the map as HAProxy’s configuration names it (required)' },
      { flags: '--every <time>', description: 'how often to look (default 2s)' },
      { flags: '--once', description: 'look once, then end' },
      baseDomain,
    ],
    examples: ['stampctl directory feed haproxy --socket /run/haproxy/admin.sock --map /etc/haproxy/tenants.map'],
    load: async () => (await import('../commands/directory-feed-haproxy.js')).directoryFeedHaproxy,
  },
  {
    path: 'drill control-plane-down',
    summary:
      'Kill control planes, databases and NATS of the fleet on this machine, send requests through each router meanwhile, bring all back; exit code 1 on any error of a request',
    options: [
      { flags: '--for <time>', description: 'how long everything stays down (default 30s)' },
      { flags: '--path <path>', description: 'what is asked of each tenant; must need no database (default /api/whoami)' },
      { flags: '--report <folder>', description: 'where the report goes (default .lapidary/drills)' },
      baseDomain,
    ],
    examples: ['stampctl drill control-plane-down --for 1m', 'stampctl drill control-plane-down --yes -o json'],
    load: async () => (await import('../commands/drill-control-plane-down.js')).drillControlPlaneDown,
  },
];
