import { compatibilityRules } from '@lapidary/contracts/schemas/compatibility-rules';
import { eventUpcasters } from '@lapidary/contracts/events/upcasters';
import { wireSchemas } from '@lapidary/contracts/schemas/wire-schemas';

/** docs/reference/schemas.md: the types on the wire and the rules by which they may change. */
export const schemasPage = (): string =>
  [
    '# Schemas on the wire',
    '',
    'Regions, routers and stamps are upgraded one after the other, and outboxes hold events for days. So whatever travels between processes',
    'has a released schema, one file per type and version in `libs/contracts/schemas/`, and may change only so that new code reads what old',
    'code wrote and old code reads what new code writes (P-SC1, P-SC2). Readers let fields pass that they don’t know; merged states keep them.',
    'Forms that a version had before stand in `libs/contracts/schemas/earlier/` and are compared as well: regions may still run them.',
    'How versions live beside each other: [versions](../flows/versions.md).',
    '',
    '`npm run schemas -- --check` compares the code with the released files and fails at a change that breaks one side; it is part of',
    '`npm run check`. `npm run schemas` releases what is new or changed compatibly, and refuses the rest: that needs a new version',
    'of the type, published beside the old one for as long as old readers live.',
    '',
    '## What breaks whom',
    '',
    '| Rule | Change | Breaks | Because |',
    '| --- | --- | --- | --- |',
    ...Object.entries(compatibilityRules).map(([id, r]) => `| \`${id}\` | ${r.change} | ${r.breaks.join(', ')} | ${r.why} |`),
    '',
    'Free: an optional field in an object that tolerates others, descriptions, examples, defaults.',
    '',
    '## Steps between versions',
    '',
    '| From | What the next version has otherwise |',
    '| --- | --- |',
    ...eventUpcasters.map(({ from, change }) => `| \`${from}\` | ${change} |`),
    '',
    '## Types',
    '',
    ...Object.keys(wireSchemas)
      .sort()
      .map((name) => `- \`${name}\``),
    '',
  ].join('\n');
