import { RouterHeartbeatSchema } from '@lapidary/contracts/router-protocol';
import { routerHeartbeat } from '@lapidary/contracts/subjects';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import { HeardRouters } from '../../directory/heard-routers.js';
import { RouterFleet } from '../../directory/router-fleet.js';

/** A router or a stamp's agent, by what it told of itself last. */
export interface RouteReplicaFacts {
  readonly of: 'router' | 'agent';
  readonly name: string;
  /** Why it can't be compared now; null: it can. */
  readonly away: string | null;
  /** Digest of the schemas it knows; null: an older one, that tells none. */
  readonly schemas: string | null;
  /** What the heartbeat said: position, number and sum of what it holds. Null where it told none. */
  readonly digest: { readonly generation: string | null; readonly cursor: number; readonly count: number; readonly root: string } | null;
}

/** Three digests, which come every 5 s: a router that heard none of them follows nothing; what it holds is old and it says so itself. */
const heardWithinMs = 15_000;
/** Agents beat every second or so; who is silent longer is looked after by health. */
const heardWithinSeconds = 15;

/** A router that is or was there. */
export interface RouterHeard {
  readonly name: string;
  /** When it last held what the directory said, by this process's clock. */
  readonly followedAtMs: number;
}

/** A router that is silent for longer was taken out: routers come and go without telling. */
const lostAfterMs = 3_600_000;

/** Who of this region holds routes: routers as they are heard, agents as they were written down. */
export class ReplicaFleet {
  private readonly routers = new RouterFleet();
  private readonly followed = new HeardRouters<number>(lostAfterMs);
  private readonly sinceMs = Date.now();
  private readonly stop: () => void;

  constructor(
    private readonly region: string,
    nats: NatsLink,
  ) {
    this.stop = nats.subscribeJson(routerHeartbeat(region), RouterHeartbeatSchema, (heartbeat) => {
      this.routers.hear(heartbeat);
      this.followed.hear(heartbeat.router, Date.now() - heartbeat.directory.ageMs);
    });
  }

  close(): void {
    this.stop();
  }

  /** Routers that are heard, however old what they hold is, and those that were within the last hour. `isComplete`: it has been listened for that long. */
  heard(nowMs: number = Date.now()): { readonly heard: readonly RouterHeard[]; readonly isComplete: boolean } {
    return {
      heard: this.followed.live(nowMs).map(([name, followedAtMs]) => ({ name, followedAtMs })),
      isComplete: nowMs - this.sinceMs > lostAfterMs,
    };
  }

  async look(reader: Reader): Promise<RouteReplicaFacts[]> {
    const routers = this.routers.look().live.map(({ router, directory, schemas }): RouteReplicaFacts => {
      const { source, ageMs, generation = null, cursor, entries, root } = directory;
      const isBehind = source !== 'live' || ageMs > heardWithinMs;
      return {
        of: 'router',
        name: router,
        away: isBehind ? `has heard nothing of the directory for ${Math.round(ageMs / 1000)} s` : null,
        schemas: schemas ?? null,
        digest: root === undefined ? null : { generation, cursor, count: entries, root },
      };
    });
    return [...routers, ...(await liveAgents(reader, this.region))];
  }
}

const liveAgents = async (reader: Reader, region: string): Promise<RouteReplicaFacts[]> => {
  const rows = await rowsOf<{ name: string; schemas: string | null; count: number; cursor: string; root: string | null; heard: boolean }>(
    reader,
    `SELECT s.name, o.wire_schemas AS schemas, o.held_count AS count, o.held_as_of AS cursor, o.held_root AS root,
            coalesce(o.last_heartbeat_at > clock_timestamp() - make_interval(secs => $2), false) AS heard
       FROM stamp s JOIN stamp_observation o ON o.stamp = s.name AND o.epoch = s.epoch
      WHERE s.region = $1 AND s.status <> 'retired' ORDER BY s.name`,
    [region, heardWithinSeconds],
  );
  return rows.map(({ name, schemas, count, cursor, root, heard }) => ({
    of: 'agent',
    name,
    away: heard ? null : 'its agent is not heard',
    schemas,
    digest: root === null ? null : { generation: null, cursor: Number(cursor), count, root },
  }));
};
