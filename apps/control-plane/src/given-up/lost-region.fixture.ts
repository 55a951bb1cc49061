import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import { waitFor } from '@lapidary/kernel/wait-for';
import type { GivenUpRegion, GivenUpStanding } from '@lapidary/contracts/api/given-up-regions';
import { systemContext } from '../http/command-context.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { givenUpStandings } from '../regions/given-up-rows.js';
import type { Mesh } from '../replication/testing/mesh.js';
import { declareLost } from './declare.js';
import { stepGivenUp } from './step-given-up.js';

const soon = { timeoutMs: 30_000 };

export interface SeenTenant {
  readonly home: string;
  readonly status: string;
  readonly epoch: number;
  readonly reason: string | null;
  readonly claim: string;
  readonly stamp: string | null;
}

/** A region of a mesh that is lost, and what those that remain do about it. */
export class LostRegion {
  /** Those that would be answered by it if they asked. */
  readonly answering = new Set<TestRegion>();

  constructor(
    private readonly mesh: Mesh,
    private readonly lost: TestRegion,
  ) {}

  async tenant(r: TestRegion, id: string): Promise<SeenTenant | undefined> {
    const [row] = await rowsOf<SeenTenant>(
      r.dataSource,
      `SELECT t.home_region AS home, t.status, t.placement_epoch AS epoch, t.status_reason AS reason, t.claim_hlc AS claim, p.stamp
         FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current WHERE t.id = $1`,
      [id],
    );
    return row;
  }

  async known(r: TestRegion, id: string): Promise<void> {
    await waitFor(`${id} in ${r.name}`, async () => this.tenant(r, id), soon);
  }

  async apart(a: TestRegion, b: TestRegion): Promise<void> {
    await this.mesh.cut(a, b);
    await this.mesh.cut(b, a);
  }

  together(a: TestRegion, b: TestRegion): void {
    this.mesh.join(a, b);
    this.mesh.join(b, a);
  }

  /** It burns down: nobody hears it any more, for longer than is asked for. */
  async lose(...by: TestRegion[]): Promise<void> {
    for (const r of by) {
      await this.apart(r, this.lost);
      await this.heardAgo(r, '11 minutes');
    }
  }

  /** When that region heard it last, by its clock. */
  async heardAgo(r: TestRegion, ago: string): Promise<void> {
    await r.dataSource.query('UPDATE version_vector SET confirmed_at = now() - $2::interval WHERE origin = $1', [this.lost.name, ago]);
  }

  async declare(r: TestRegion, successor: TestRegion): Promise<GivenUpRegion> {
    return await inTransaction(r.dataSource, async (tx) =>
      declareLost(tx, systemContext(r.name, 'test', newId()), { clock: r.clock, peers: this.others(r) }, this.lost.name, {
        successor: successor.name,
        reason: 'burnt down',
      }),
    );
  }

  async step(...of: TestRegion[]): Promise<void> {
    const answers = (r: TestRegion) => async (): Promise<boolean> => Promise.resolve(this.answering.has(r));
    for (const r of of)
      await stepGivenUp({
        ...{ region: r.name, peers: this.others(r), dataSource: r.dataSource, clock: r.clock },
        ...{ baseDomain: 'test', answers: answers(r) },
      });
  }

  async standing(r: TestRegion): Promise<GivenUpStanding | undefined> {
    return (await givenUpStandings(r.dataSource)).get(this.lost.name);
  }

  async stands(state: string, ...of: TestRegion[]): Promise<void> {
    await waitFor(
      `${state} in ${of.map((r) => r.name).join()}`,
      async () => {
        await this.step(...of);
        for (const r of of) if ((await this.standing(r))?.state !== state) return undefined;
        return true;
      },
      soon,
    );
  }

  private others(r: TestRegion): string[] {
    return this.mesh.regions.filter((o) => o !== r).map((o) => o.name);
  }
}
