import { commandOf } from './create-command.js';

test('the command that is shown lets in the same caller with the same roles, for as long', () => {
  const bindings = [
    { role: 'operator', region: 'eu' },
    { role: 'viewer', region: '*' },
  ] as const;
  expect(commandOf({ name: 'deploys', bindings: bindings as never, days: 90, reason: "ann's pipeline" })).toBe(
    `stampctl tokens create deploys --role operator@eu --role viewer --valid-for 90d --reason 'ann'\\''s pipeline'`,
  );
  expect(commandOf({ name: '', bindings: [], days: null, reason: '' })).toBe('stampctl tokens create <name>');
});
