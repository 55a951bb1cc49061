import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { JobView } from '@lapidary/contracts/api/jobs';
import { outlivesItsStamp, SimulatedWorldSchema, simulatedWorldFile, type SimulatedWorld } from '@lapidary/contracts/simulated-world';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion } from '@lapidary/testing/backends';
import { openProvisionWorld, type ProvisionWorld } from '../../test/provision-world.js';

/** Real children with a hundred resources each; on a busy machine minutes. */
jest.setTimeout(600_000);
const jobTimeoutMs = 300_000;

describe('decommission of a stamp on the simulated AWS, by the children of infra/ (I9)', () => {
  const region = freshRegion();
  const name = `${region}-1`;
  let world: ProvisionWorld;
  beforeAll(async () => {
    world = await openProvisionWorld({ engine: 'real', region });
    await writeFile(join(world.stampsDir, `${name}.yaml`), `name: ${name}\nregion: ${region}\ndriver: aws\n`);
    const { body } = await world.ask<JobView>('POST', `/v1/stamps/${name}/provision`);
    expect((await world.jobIs(body.id, 'failed', jobTimeoutMs)).error?.code).toBe('simulated_cloud');
  });
  afterAll(async () => {
    await world.close();
  });

  const cloudFile = (): string => join(world.directory, 'state', simulatedWorldFile(name));
  const cloud = async (): Promise<SimulatedWorld> => SimulatedWorldSchema.parse(JSON.parse(await readFile(cloudFile(), 'utf8')));
  const statusOf = async (): Promise<string> => (await world.ask<StampView>('GET', `/v1/stamps/${name}`)).body.status;
  const retire = (body: Record<string, unknown> = {}) =>
    world.ask<JobView & { code?: string; details?: { remains?: { kind: string; examples: string[] }[] } }>(
      'POST',
      `/v1/stamps/${name}/retire`,
      { confirm: name, ...body },
    );
  /** As if the cloud were a real one, in which the stamp had come to serve. */
  const asIfItServed = async (): Promise<void> => {
    await world.query(`UPDATE stamp SET status = 'active', front_doors = '{http://127.0.0.1:1}' WHERE name = $1`, [name]);
    await world.registerAgent(name);
  };

  it('is refused with the list of what remains, and without the name once more; nothing in the cloud is touched', async () => {
    await asIfItServed();
    await world.ask('POST', '/v1/tenants', { id: 'acme', region });
    const before = await cloud();
    expect(Object.keys(before).length).toBeGreaterThan(100);
    const refused = await retire();
    expect([refused.status, refused.body.code]).toEqual([409, 'stamp_not_empty']);
    expect(refused.body.details?.remains?.map((r) => [r.kind, r.examples])).toEqual([
      ['tenants', ['acme']],
      ['routes', ['tenant/acme']],
    ]);
    expect((await retire({ confirm: `${region}-2` })).body.code).toBe('confirmation_needed');
    expect([await statusOf(), await cloud()]).toEqual(['active', before]);
    await world.ask('DELETE', '/v1/tenants/acme');
    await world.query('UPDATE directory_entry SET previous_stamp = NULL');
  });

  it('is cancelled in its first stage without a trace: every resource is there, and protected as before', async () => {
    const before = await cloud();
    // An agent that has not let go of a tenant yet: the drain waits for it.
    await world.query('UPDATE stamp_observation SET held_count = 1 WHERE stamp = $1', [name]);
    const { body } = await retire();
    await waitFor(
      'the drain',
      async () => ((await world.ask<JobView>('GET', `/v1/jobs/${body.id}`)).body.status === 'running' ? true : undefined),
      { timeoutMs: 60_000 },
    );
    await world.ask('POST', `/v1/jobs/${body.id}/cancel`);
    await world.jobIs(body.id, 'cancelled', jobTimeoutMs);
    expect([await statusOf(), await cloud()]).toEqual(['active', before]);
    await world.query('UPDATE stamp_observation SET held_count = 0 WHERE stamp = $1', [name]);
  });

  it('lifts the protection, deletes everything, and believes no state: what is left in the cloud keeps it from its tombstone', async () => {
    await writeFile(cloudFile(), JSON.stringify({ ...(await cloud()), 'bucket-made-by-hand': { name: 'somebody’s' } }));
    const { body } = await retire();
    const failed = await world.jobIs(body.id, 'failed', jobTimeoutMs);
    expect(failed.error).toMatchObject({ code: 'retire_incomplete' });
    expect(failed.error?.message).toContain('bucket-made-by-hand in the simulated cloud');
    expect(failed.noReturnAt).not.toBeNull();
    expect(await statusOf()).toBe('retiring');
    const told = (await world.eventsOf(body.id)).map((e) => e.message);
    const lifted = told.findIndex((m) => m.startsWith('update aws:rds/instance:Instance') && m.includes('deletionProtection'));
    expect(lifted).toBeGreaterThan(-1);
    expect(told.findIndex((m) => m.startsWith('delete '))).toBeGreaterThan(lifted);

    const { 'bucket-made-by-hand': _gone, ...rest } = await cloud();
    await writeFile(cloudFile(), JSON.stringify(rest));
    await world.ask('POST', `/v1/jobs/${body.id}/retry`);
    const job = await world.jobIs(body.id, 'succeeded', jobTimeoutMs);
    expect(job.steps.map((s) => [s.name, s.status])).toEqual([
      ['drain', 'succeeded'],
      ['snapshot', 'skipped'],
      ['destroy', 'succeeded'],
      ['verify', 'succeeded'],
      ['bury', 'succeeded'],
    ]);
    expect(job.steps.find((s) => s.name === 'snapshot')?.message).toContain('makes its own final snapshot');
  });

  it('leaves a tombstone, the final snapshots with their keys, and no state', async () => {
    expect(await statusOf()).toBe('retired');
    const left = Object.keys(await cloud());
    expect(left.filter((id) => !outlivesItsStamp(id))).toEqual([]);
    expect(left).toEqual(expect.arrayContaining([`snapshot-lapidary-${name}-final`, `snapshot-lapidary-${name}-cache-final`]));
    expect(left.filter((id) => id.startsWith('key-')).length).toBeGreaterThan(0);
    await expect(readFile(join(world.directory, 'state', `${name}.stack.json`))).rejects.toThrow('ENOENT');
    const again = await world.ask('POST', `/v1/stamps/${name}/provision`);
    expect([again.status, again.body['code']]).toEqual([409, 'name_taken']);
    await rm(cloudFile());
  });
});
