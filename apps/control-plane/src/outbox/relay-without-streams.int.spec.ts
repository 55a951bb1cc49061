import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { waitFor } from '@lapidary/kernel/wait-for';
import { openRelayedRegions } from '../replication/testing/relayed-regions.js';
import { oneTo } from '../replication/testing/two-regions.js';
import { publishedThrough } from './published-through.js';
import { tellOfStamp } from './testing/test-region.js';

/** As one that has switched its streams off since it could not write them any more. */
it('a server that has no streams any more, and answers all the same, keeps no event from the other regions (I5, O4)', async () => {
  const regions = await openRelayedRegions();
  const { eu, dir, port, told } = regions;
  try {
    for (const i of oneTo(3)) await tellOfStamp(eu, i);
    await waitFor('the stream', async () => (await publishedThrough(eu.dataSource)) === 3 || undefined, { timeoutMs: 60_000 });
    await regions.stop();
    await writeFile(path.join(dir, 'nats.conf'), `host: 127.0.0.1\nport: ${port}\n`);
    await regions.start();
    for (const i of oneTo(3)) await tellOfStamp(eu, i, 2);
    await regions.reached(6, 60_000);
    expect(await publishedThrough(eu.dataSource)).toBe(3);
    expect(told).toEqual(oneTo(6));
  } finally {
    await regions.close();
  }
});
