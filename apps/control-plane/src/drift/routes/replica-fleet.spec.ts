import type { RouterHeartbeat } from '@lapidary/contracts/router-protocol';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { ReplicaFleet } from './replica-fleet.js';

const hourMs = 3_600_000;

/** What a router says of itself, on the subject that it says it on. */
const heard = (...heartbeats: readonly { readonly router: string; readonly ageMs: number }[]): ReplicaFleet => {
  const subscribeJson = (_subject: string, _schema: unknown, hear: (heartbeat: RouterHeartbeat) => void): (() => void) => {
    for (const { router, ageMs } of heartbeats) hear({ router, directory: { ageMs } } as RouterHeartbeat);
    return () => undefined;
  };
  return new ReplicaFleet('eu', { subscribeJson } as unknown as NatsLink);
};

describe('routers that are known', () => {
  it('one that lives and serves what it heard hours ago is not taken for one that was taken out', () => {
    const fleet = heard({ router: 'old', ageMs: 5 * hourMs }, { router: 'live', ageMs: 100 });
    expect(fleet.heard().heard.map((r) => r.name)).toEqual(['old', 'live']);
    expect(fleet.heard().heard[0]!.followedAtMs).toBeLessThan(Date.now() - 4 * hourMs);
  });

  it('one that has been silent for an hour was taken out', () => {
    const fleet = heard({ router: 'gone', ageMs: 100 });
    expect(fleet.heard(Date.now() + hourMs / 2).heard).toHaveLength(1);
    expect(fleet.heard(Date.now() + hourMs + 1_000)).toEqual({ heard: [], isComplete: true });
  });
});
