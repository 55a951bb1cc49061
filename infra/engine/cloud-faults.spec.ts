import { jest } from '@jest/globals';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { causeOf, engineHome, Thing, type EngineHome } from '../testing/fake-stack.js';
import { cloudFailureCodeOf } from './cloud-failure.js';
import { FaultyCalls } from './cloud-faults.js';
import { commandError } from './engine-error.js';
import { failureOf } from './provisioner-failure.js';
import { SimulatedCloud } from './simulated-cloud.js';
import { StateFile } from './state-file.js';
import { scratchFolder } from '../testing/scratch.js';
import '../testing/no-stack-traces.js';

/** Every step is synced to disk; on a busy one that takes seconds. */
jest.setTimeout(180_000);

const program = (): Promise<Record<string, unknown>> => {
  const a = new Thing('a', { value: 'one' });
  const b = new Thing('b', { value: 'two' }, { dependsOn: [a] });
  new Thing('c', { value: 'three' }, { dependsOn: [b] });
  return Promise.resolve({});
};

describe('a run against a cloud that fails', () => {
  let home: EngineHome;
  let clouds: string;
  beforeEach(async () => {
    home = await engineHome();
    clouds = await scratchFolder('cloud');
    await mkdir(clouds, { recursive: true });
  });
  afterEach(async () => {
    await home.remove();
    await rm(clouds, { recursive: true, force: true });
  });

  const up = async () => (await home.open('t-1', new SimulatedCloud(join(clouds, 't-1.json'), 'eu-west-1'), program)).up();
  const faults = (list: readonly object[]): Promise<void> => writeFile(join(clouds, 'faults.json'), JSON.stringify(list));
  const objects = async (): Promise<string[]> =>
    Object.values(JSON.parse(await readFile(join(clouds, 't-1.json'), 'utf8')) as Record<string, { value: string }>)
      .map(({ value }) => value)
      .toSorted();
  const known = async (): Promise<{ resources: number; pending: number }> => {
    const state = await new StateFile(home.directory, 't-1', home.keys).load();
    return { resources: state?.resources.filter((r) => r.custom).length ?? -1, pending: state?.pendingOperations.length ?? -1 };
  };

  test('that throttles for a while ends well, with nothing doubled', async () => {
    await faults([{ operation: 'create', type: 'Thing', kind: 'throttled', times: 3 }]);
    await up();
    expect(await objects()).toEqual(['one', 'three', 'two']);
    expect(await known()).toEqual({ resources: 3, pending: 0 });
  });

  test.each([
    ['throttled', true],
    ['access_denied', false],
    ['capacity_insufficient', true],
  ])('that ends as %s says so with the resource, keeps what is known, and is resumed exactly', async (kind, retry) => {
    await up();
    await faults([{ operation: 'update', type: 'Thing', kind }]);
    const changed = (): Promise<Record<string, unknown>> => {
      const a = new Thing('a', { value: 'one' });
      const b = new Thing('b', { value: 'changed' }, { dependsOn: [a] });
      new Thing('c', { value: 'changed too' }, { dependsOn: [b] });
      return Promise.resolve({});
    };
    const stack = await home.open('t-1', new SimulatedCloud(join(clouds, 't-1.json'), 'eu-west-1'), changed);
    const failure = failureOf(await causeOf(stack.up()), false, (text) => text);
    expect(failure).toMatchObject({ code: kind, retry, message: expect.stringContaining('fake:index:Thing "b"') as string });
    expect(await objects()).toEqual(['one', 'three', 'two']);
    expect(await known()).toEqual({ resources: 3, pending: 1 });
    await faults([]);
    const resumed = await home.open('t-1', new SimulatedCloud(join(clouds, 't-1.json'), 'eu-west-1'), changed);
    expect((await resumed.up()).summary.resourceChanges).toEqual({ same: 2, update: 2 });
    expect(await objects()).toEqual(['changed', 'changed too', 'one']);
    expect(await known()).toEqual({ resources: 3, pending: 0 });
  });
});

describe('calls that are throttled', () => {
  test('are asked again with growing waits, and given up after some; other refusals are not asked again', async () => {
    const directory = await scratchFolder('faults');
    const path = join(directory, 'faults.json');
    const waits: number[] = [];
    const calls = new FaultyCalls(path, (ms) => Promise.resolve(waits.push(ms)));
    const work = jest.fn(() => Promise.resolve('done'));
    await writeFile(path, JSON.stringify([{ operation: 'create', type: 'Vpc', kind: 'throttled' }]));
    await expect(calls.call('create', 'aws:ec2/vpc:Vpc', work)).rejects.toMatchObject({ code: 'throttled' });
    expect(waits).toHaveLength(7);
    expect(waits.at(-1)!).toBeGreaterThan(waits[0]!);
    expect(work).not.toHaveBeenCalled();
    expect(await calls.call('delete', 'aws:ec2/vpc:Vpc', work)).toBe('done');
    await writeFile(path, JSON.stringify([{ operation: 'create', type: 'Vpc', kind: 'access_denied' }]));
    await expect(calls.call('create', 'aws:ec2/vpc:Vpc', work)).rejects.toMatchObject({ code: 'access_denied' });
    expect(waits).toHaveLength(7);
    await rm(directory, { recursive: true });
  });
});

describe('what a cloud says', () => {
  test.each([
    ['creating EC2 VPC: RequestLimitExceeded: Request limit exceeded.', 'throttled'],
    ['ThrottlingException: Rate exceeded', 'throttled'],
    ['UnauthorizedOperation: You are not authorized to perform this operation', 'access_denied'],
    ['User: arn:aws:iam::1:user/x is not authorized to perform: rds:CreateDBInstance', 'access_denied'],
    ['InsufficientDBInstanceCapacity: zone is full', 'capacity_insufficient'],
    ['VpcLimitExceeded: The maximum number of VPCs has been reached', 'capacity_insufficient'],
    ['InvalidParameterValue: no such class', undefined],
  ])('"%s" is recognised', (text, code) => {
    expect(cloudFailureCodeOf(text)).toBe(code);
    expect(failureOf(commandError(text), false, (t) => t).code).toBe(code ?? 'resource_failed');
  });
});
