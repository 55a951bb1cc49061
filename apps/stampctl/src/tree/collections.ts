import type { ArgumentSpec, CommandSpec, OptionSpec } from '../command-spec.js';
import { limit } from './arguments.js';

const collection: ArgumentSpec = { name: 'collection', description: 'name of the collection' };
const tenant: OptionSpec = { flags: '--tenant <tenant>', description: 'whose documents; not for collections of the fleet' };

/** Commands about state that every region writes; part of the command tree. */
export const collectionNouns: Readonly<Record<string, string>> = { collections: 'Documents that every region writes, merged by policy' };

export const collectionCommands: readonly CommandSpec[] = [
  {
    path: 'collections ls',
    summary: 'List collections with their policies, conflicts and budgets',
    options: [limit],
    examples: ['stampctl collections ls', 'stampctl collections ls -o wide'],
    load: async () => (await import('../commands/collections-ls.js')).collectionsLs,
  },
  {
    path: 'collections show',
    summary: 'Show a collection, its documents, or one of them',
    args: [collection, { name: 'document', description: 'id of a document', optional: true }],
    options: [tenant, { flags: '--documents', description: 'list its documents' }, limit],
    examples: [
      'stampctl collections show stock',
      'stampctl collections show stock sku-1 --tenant acme',
      'stampctl collections show stock --documents --tenant acme',
    ],
    load: async () => (await import('../commands/collections-show.js')).collectionsShow,
  },
  {
    path: 'collections watch',
    summary: 'Print documents as they change, across restarts of the control plane',
    args: [collection, { name: 'document', description: 'only the document with this id', optional: true }],
    options: [
      tenant,
      { flags: '--prefix <text>', description: 'only documents whose id begins so' },
      { flags: '--snapshot', description: 'first every document as it is' },
      { flags: '--since <cursor>', description: 'go on where an earlier watch ended (cursor of -o json)' },
      { flags: '-n, --limit <count>', description: 'end after this many' },
    ],
    examples: ['stampctl collections watch stock --tenant acme --snapshot', 'stampctl collections watch stock sku-1 --tenant acme -o json'],
    load: async () => (await import('../commands/collections-watch.js')).collectionsWatch,
  },
  {
    path: 'collections put',
    summary: 'Write a document as a whole, or append an entry',
    args: [collection, { name: 'document', description: 'id of the document' }],
    options: [tenant, { flags: '--value <json>', description: 'what it is to be (required)' }],
    examples: [`stampctl collections put settings theme --tenant acme --value '{"colour":"red"}'`],
    load: async () => (await import('../commands/collections-put.js')).collectionsPut,
  },
  {
    path: 'collections import',
    summary: 'Write many documents: a line of JSON each, up to 200 in one transaction',
    args: [
      collection,
      {
        name: 'file',
        description: 'lines of {"id","value"}, or of {"op","id",…} as the API takes them; - or none: standard input',
        optional: true,
      },
    ],
    options: [tenant, { flags: '--from <line>', description: 'begin with this line: where an import broke off' }],
    examples: [
      'stampctl collections import prices prices.ndjson --tenant acme',
      'stampctl collections import stock --tenant acme --from 4001 < stock.ndjson',
    ],
    load: async () => (await import('../commands/collections-import.js')).collectionsImport,
  },
  {
    path: 'collections policy',
    summary: 'Define a collection, or change its policy and budgets; what is not said stays',
    args: [collection],
    options: [
      { flags: '--kind <kind>', description: 'how it is merged; for good', choices: ['lww', 'counter', 'append', 'document'] },
      {
        flags: '--scope <scope>',
        description: 'whether documents belong to tenants (default) or to the fleet; for good',
        choices: ['tenant', 'fleet'],
      },
      { flags: '--set <json>', description: 'options of the policy, for example rules of fields' },
      { flags: '--budgets <json>', description: 'budgets, for example {"documentBytes":4096}' },
      { flags: '--dry-run', description: 'say what would be shown or decided otherwise, change nothing; exit code 7 where anything would' },
    ],
    examples: [
      'stampctl collections policy stock --kind counter',
      `stampctl collections policy prices --set '{"rules":{"price":"highest"}}' --dry-run`,
    ],
    load: async () => (await import('../commands/collections-policy.js')).collectionsPolicy,
  },
];
