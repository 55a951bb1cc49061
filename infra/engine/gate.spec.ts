import { needsApproval, type ParsedProvisionRun, type PlannedChange } from '@lapidary/contracts/provisioner-protocol';
import type { EngineError } from './engine-error.js';
import { passGate } from './gate.js';

const change = (op: PlannedChange['op'], name: string, stateful: boolean): PlannedChange => ({
  op,
  resourceType: 'aws:rds/instance:Instance',
  name,
  stateful,
  protected: stateful,
  diffs: [],
});
const run = (approveReplace: readonly string[]): ParsedProvisionRun => ({ approveReplace }) as ParsedProvisionRun;
const errorOf = (work: () => void): EngineError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as EngineError;
  }
};

test('only what holds data and would be replaced or deleted needs an approval', () => {
  const plan = [
    change('create', 'new', true),
    change('update', 'changed', true),
    change('replace', 'replaced', true),
    change('delete', 'deleted', true),
    change('replace', 'stateless', false),
  ];
  expect(needsApproval(plan, []).map(({ name }) => name)).toEqual(['replaced', 'deleted']);
  expect(needsApproval(plan, ['replaced']).map(({ name }) => name)).toEqual(['deleted']);
});

test('the gate names everything that is not approved, and a policy comes before an approval', () => {
  const plan = [change('replace', 'a', true), change('delete', 'b', true)];
  expect(errorOf(() => passGate(plan, [], run([])))).toMatchObject({ code: 'approval_needed', details: { names: ['a', 'b'] } });
  expect(errorOf(() => passGate(plan, [], run(['a', 'b'])))).toBeUndefined();
  const finding = { rule: 'tags', level: 'mandatory' as const, resource: 'a', message: 'has none' };
  expect(errorOf(() => passGate(plan, [finding], run(['a', 'b'])))).toMatchObject({
    code: 'policy_refused',
    details: { findings: [finding] },
  });
  expect(errorOf(() => passGate([], [{ ...finding, level: 'advisory' }], run([])))).toBeUndefined();
});
