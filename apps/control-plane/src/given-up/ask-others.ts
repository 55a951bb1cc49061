import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { regionPath } from '@lapidary/contracts/api/paths';
import { RegionSchema, type RegionView } from '@lapidary/contracts/api/regions';
import { everyRegion } from '@lapidary/contracts/api/tokens';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../process/tokens.js';
import { ReplicationWorker } from '../replication/replication-worker.js';
import { refuseHeard } from './declare.js';
import { silentMinutesMin } from './silence.js';

/** Asks the other regions, at this moment, whether they hear one. */
@Injectable()
export class AskOthers {
  constructor(
    private readonly replication: ReplicationWorker,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  /**
   * RG1: refuses where the region answers, or where one that answers hears it. Who can't be asked is no hindrance here: nothing follows from a decision
   * before it has agreed.
   */
  async refuseWhileHeard(region: string): Promise<void> {
    const peers = peersOf(this.config);
    if (region === this.config.LAPIDARY_REGION) return;
    if (await this.answers(region))
      throw new AppError('illegal_transition', `Region ${region} answers: it is not lost`, { details: { region } });
    const others = peers.filter((peer) => peer !== region);
    const views = await Promise.all(others.map(async (peer) => [peer, await this.view(peer, region)] as const));
    for (const [peer, view] of views) {
      if (view === null || view === 'unknown') continue;
      const { state, cutSince } = view.link;
      if (state === 'connected') refuseHeard(region, peer, new Date().toISOString());
      // By another region's clock: a time far ahead says nothing but that a clock is wrong. That region will wait, or object, by itself.
      if (cutSince !== null && Math.abs(Date.parse(cutSince) - Date.now()) < silentMinutesMin * 60_000) refuseHeard(region, peer, cutSince);
    }
  }

  /** Whether that region itself answers. */
  async answers(region: string): Promise<boolean> {
    return peersOf(this.config).includes(region) && (await this.view(region, region)) !== null;
  }

  /** How a region sees another one; null: it can't be reached. */
  private async view(peer: string, of: string): Promise<RegionView | 'unknown' | null> {
    try {
      const { status, body } = await this.replication.ask(peer, {
        ...{ from: this.config.LAPIDARY_REGION, method: 'GET', url: regionPath(of), headers: { 'x-request-id': newId() }, body: null },
        principal: { actor: 'token:give-up', bindings: [{ role: 'viewer', region: everyRegion }], via: 'peer' },
      });
      return status === 200 ? (RegionSchema.safeParse(JSON.parse(body)).data ?? 'unknown') : 'unknown';
    } catch (error) {
      if (isAppError(error) && error.code === 'region_unreachable') return null;
      return 'unknown';
    }
  }
}
