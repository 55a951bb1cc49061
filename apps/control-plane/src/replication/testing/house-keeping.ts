import { rowsOf } from '@lapidary/db/rows';
import { waitFor } from '@lapidary/kernel/wait-for';
import { CollectionRegion } from '../../collections/testing/collection-region.js';
import { declareKnowledge, type RetentionTools } from '../../collections/purge-tombstones.js';
import type { TestRegion } from '../../outbox/testing/test-region.js';
import type { Mesh } from './mesh.js';

const timeoutMs = 30_000;

/** What regions do for each other beside telling what they write, on demand. */
export class HouseKeeping {
  constructor(private readonly mesh: Pick<Mesh, 'regions'>) {}

  async everywhere(
    what: string,
    holds: (r: TestRegion) => Promise<boolean>,
    regions: readonly TestRegion[] = this.mesh.regions,
  ): Promise<void> {
    for (const region of regions)
      await waitFor(`${what} in ${region.name}`, async () => ((await holds(region)) ? true : undefined), { timeoutMs });
  }

  toolsFor(region: TestRegion): RetentionTools {
    const peers = this.mesh.regions.map((r) => r.name).filter((name) => name !== region.name);
    return { region: region.name, peers, dataSource: region.dataSource, clock: region.clock };
  }

  async each<T>(work: (tools: RetentionTools) => Promise<T>): Promise<T[]> {
    const done: T[] = [];
    for (const region of this.mesh.regions) done.push(await work(this.toolsFor(region)));
    return done;
  }

  /** Everybody says what it knows; waits until those named have heard it of those named. */
  async declare(heard: readonly TestRegion[] = this.mesh.regions): Promise<void> {
    await this.each(declareKnowledge);
    for (const speaker of heard) {
      const [last] = await rowsOf<{ known: string }>(
        speaker.dataSource,
        'SELECT known::text AS known FROM own_knowledge ORDER BY declared_at DESC LIMIT 1',
      );
      const said = 'SELECT 1 FROM region_knowledge WHERE region = $1 AND known = $2::jsonb';
      await this.everywhere(
        `what ${speaker.name} knows`,
        async (r) => r === speaker || (await rowsOf(r.dataSource, said, [speaker.name, last!.known])).length > 0,
        heard,
      );
    }
  }

  /** Waits until all regions hold the same. */
  async equal(): Promise<void> {
    const regions = this.mesh.regions.map((region) => new CollectionRegion(region));
    await waitFor(
      'equal regions',
      async () => {
        const all = [];
        for (const region of regions) all.push(JSON.stringify(await region.everything()));
        return new Set(all).size === 1 || undefined;
      },
      { timeoutMs },
    );
  }
}
