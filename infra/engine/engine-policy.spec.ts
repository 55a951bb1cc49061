import { jest } from '@jest/globals';
import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type { PolicyFinding } from '@lapidary/contracts/provisioner-protocol';
import { causeOf, engineHome, Thing, type EngineHome } from '../testing/fake-stack.js';
import { FakeWorld } from '../testing/fake-world.js';
import type { PolicyGuard } from './policy-guard.js';
import '../testing/no-stack-traces.js';

/** Every step is synced to disk; on a busy one that takes seconds. */
jest.setTimeout(180_000);

let home: EngineHome;
beforeEach(async () => {
  home = await engineHome();
});
afterEach(() => home.remove());

const finding = (resource: string, level: PolicyFinding['level'] = 'mandatory'): PolicyFinding => ({
  rule: 'no-red',
  level,
  resource,
  message: 'is red',
});
const guard: PolicyGuard = {
  judge: ({ name, inputs }) =>
    inputs['value'] === 'red' ? [finding(name)] : inputs['value'] === 'pink' ? [finding(name, 'advisory')] : [],
  judgeStack: (resources) => (resources.filter(({ type }) => type === 'fake:index:Thing').length > 2 ? [finding('all')] : []),
};

const chain = (last: string) => (): Promise<Record<string, unknown>> => {
  const first = new Thing('first', { value: 'green' });
  new Thing('second', { value: last }, { dependsOn: [first] });
  return Promise.resolve({});
};

test('a mandatory policy refuses the resource before the provider is asked; what was made before it is known', async () => {
  const world = new FakeWorld();
  const stack = await home.open('t-1', world, chain('red'), guard);
  expect(await causeOf(stack.up())).toMatchObject({ code: 'policy_refused', details: { findings: [finding('second')] } });
  expect(world.log).toEqual(['create first']);
  // Corrected, it goes on where it stopped.
  await (await home.open('t-1', world, chain('blue'), guard)).up();
  expect(world.inventory()).toEqual(['first green', 'second blue']);
});

test('an advisory finding is an event and hinders nothing; a preview tells a mandatory one and ends well', async () => {
  const world = new FakeWorld();
  const told: string[] = [];
  const onEvent = ({ policyEvent }: EngineEvent): void => {
    if (policyEvent) told.push(`${policyEvent.enforcementLevel} ${policyEvent.policyName} ${policyEvent.resourceUrn?.split('::').at(-1)}`);
  };
  await (await home.open('t-1', world, chain('pink'), guard)).up({ onEvent });
  await (await home.open('t-1', world, chain('red'), guard)).preview({ onEvent });
  expect(told).toEqual(['warning no-red second', 'mandatory no-red second']);
  expect(world.inventory()).toEqual(['first green', 'second pink']);
});

test('a rule about the whole stack is asked once the program has run', async () => {
  const three = (): Promise<Record<string, unknown>> => {
    for (const name of ['a', 'b', 'c']) new Thing(name, { value: 'green' });
    return Promise.resolve({});
  };
  const stack = await home.open('t-1', new FakeWorld(), three, guard);
  const told: string[] = [];
  await stack.preview({ onEvent: ({ policyEvent }) => policyEvent && told.push(policyEvent.message) });
  expect(told).toEqual(['all: is red']);
  expect(await causeOf(stack.up())).toMatchObject({ code: 'policy_refused' });
});
