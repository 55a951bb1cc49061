import {
  directoryDigest,
  directoryEntry,
  routerBudget,
  routerExplain,
  routerLimitsChanged,
  routerReplica,
} from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { errorHeader } from '@lapidary/messaging/json-messages';
import { publishToStream } from '@lapidary/messaging/streams';
import { rubbish } from '@lapidary/testing/rubbish';
import { ask, isLive, knows, RouterWorld, type RunningRouter } from './router-world.fixture.js';

const askMs = 60_000;
let world: RouterWorld;
let router: RunningRouter;
beforeAll(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  router = await world.start();
  await isLive(router);
}, askMs);
afterAll(async () => world.end());

const counted = async (metric: string, label = ''): Promise<number> => {
  const page = await (await fetch(`${router.admin}/metrics`)).text();
  const lines = page.split('\n').filter((line) => line.startsWith(metric) && line.includes(label));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
};
const refusedOn = (subject: string): Promise<number> =>
  counted('lapidary_router_nats_refused_total', `subject="${subject}",why="malformed"`);
const all = Object.keys(rubbish).length;
/** It serves, and hears what is true behind all of it. */
const goesOn = async (id: string): Promise<void> => {
  await world.region.commit(world.tenant(id));
  await knows(router, id);
  expect([await ask(router, 'acme'), await ask(router, id)]).toEqual(['200', '200']);
};

describe('who has a region’s credentials, and sends a router rubbish', () => {
  it.each([
    ['what it would do with a request', routerExplain],
    ['what is in its directory', (region: string) => routerReplica(region, 'r1')],
  ])('is told so when it asks %s, each time; it is counted, and the router goes on', async (_, subjectOf) => {
    const subject = subjectOf(world.name);
    for (const [kind, [body, head]] of Object.entries(rubbish)) {
      const answer = await world.region.link.connection.request(subject, body, { timeout: askMs, headers: head });
      expect([kind, answer.headers?.get(errorHeader)]).toEqual([kind, 'invalid_input']);
    }
    expect(await refusedOn(subject)).toBe(all);
    await goesOn(`behind-${subject.replaceAll(/\W/g, '-')}`);
  });

  it.each([
    ['digests of the directory', directoryDigest],
    ['that limits have changed', routerLimitsChanged],
    ['demands of other routers', routerBudget],
  ])('is not heard where it tells %s: it is counted, and the router goes on', async (_, subjectOf) => {
    const subject = subjectOf(world.name);
    for (const [kind, [body, head]] of Object.entries(rubbish)) {
      const before = await refusedOn(subject);
      const tell = async (): Promise<true | undefined> => {
        world.region.link.connection.publish(subject, body, { headers: head });
        await world.region.link.connection.flush();
        return (await refusedOn(subject)) > before || undefined;
      };
      // What is told once may get lost, and be one too many.
      await waitFor(`${kind} to be counted`, tell, { timeoutMs: askMs });
    }
    await goesOn(`behind-${subject.replaceAll(/\W/g, '-')}`);
  });

  it('is not followed where it writes it into the directory’s stream: it is counted, no route changes, and what is true comes behind it', async () => {
    const before = router.router.directory.digest;
    for (const [i, [body]] of Object.values(rubbish).entries())
      await publishToStream(world.region.link, directoryEntry(world.name, i === 0 ? 'tenant/acme' : `tenant/rubbish-${i}`), body);
    await waitFor('all to be counted', async () => (await counted('lapidary_router_directory_rejected_total')) >= all || undefined, {
      timeoutMs: askMs,
    });
    expect(router.router.directory.digest).toEqual(before);
    await goesOn('behind-the-stream');
  });
});
