import { peerAgreements, type PeerAgreement } from '../digests/peer-root.js';
import { performRun, type RunDeps } from './perform-run.js';
import { replicaSensors } from './sensors/all.js';

/** Writes are at all peers within some 100 ms; roots that differ for as long as this are looked into. */
const patienceMs = 15_000;
/** Where people write all the time, roots hardly ever meet at the same moment. A look costs some kilobytes. */
const betweenMs = 60_000;

/** Peers whose digests have not been ours for a while, though they are heard. */
export const disagreeing = (agreements: readonly PeerAgreement[], nowMs: number): PeerAgreement[] =>
  agreements.filter(
    ({ agrees, agreedAt, toldAt }) => !agrees && nowMs - toldAt.getTime() < patienceMs && nowMs - (agreedAt?.getTime() ?? 0) >= patienceMs,
  );

/** Heartbeats say whether anything differs; this looks what, without waiting for the next run. */
export class ReplicaWatch {
  private lookedAtMs = 0;

  /** True where it has looked. */
  async lookWhereDue(deps: RunDeps, signal: AbortSignal): Promise<boolean> {
    const nowMs = Date.now();
    if (nowMs - this.lookedAtMs < betweenMs || disagreeing(await peerAgreements(deps.dataSource), nowMs).length === 0) return false;
    this.lookedAtMs = nowMs;
    await performRun({ ...deps, sensors: replicaSensors }, { stamp: null }, signal);
    return true;
  }
}
