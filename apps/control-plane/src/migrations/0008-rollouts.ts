import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Roll-outs (P-ST8), what they hold of stamps, and the traffic by which they judge a version. */
export class Rollouts1763772000008 implements MigrationInterface {
  readonly name = 'Rollouts1763772000008';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE stamp
        ADD COLUMN rollout_version text, -- workload version that the last roll-out gave it; goes before the stamp's file
        ADD COLUMN held_by_rollout text; -- soft cordon: beside "cordoned", which is a person's and which no roll-out lifts

      -- Counters of each agent process since its start; windows are differences of two rows.
      CREATE TABLE stamp_traffic (
        stamp       text NOT NULL REFERENCES stamp(name) ON DELETE CASCADE,
        instance_id text NOT NULL,
        at          timestamptz NOT NULL, -- beginning of its slot (health/traffic-window.ts)
        requests    bigint NOT NULL,
        errors      bigint NOT NULL,
        latency     bigint[] NOT NULL,
        PRIMARY KEY (stamp, instance_id, at)
      );
      CREATE INDEX stamp_traffic_at ON stamp_traffic (at);

      CREATE TABLE rollout (
        id             text PRIMARY KEY,
        region         text NOT NULL REFERENCES region(name), -- the one that coordinates it
        status         text NOT NULL,
        status_reason  text,
        kind           text NOT NULL,
        target         text NOT NULL,
        base           text NOT NULL, -- what most stamps ran at its start: where a stamp that joined later is taken back to
        regions        text[] NOT NULL,
        policy         jsonb NOT NULL,
        reason         text,
        requested_by   text NOT NULL,
        request_id     text NOT NULL,
        resumed_at     timestamptz NOT NULL, -- patience counts from here
        event_sequence integer NOT NULL DEFAULT 0,
        version        integer NOT NULL DEFAULT 1,
        created_at     timestamptz NOT NULL DEFAULT now(),
        updated_at     timestamptz NOT NULL DEFAULT now(),
        finished_at    timestamptz
      );
      CREATE INDEX rollout_region ON rollout (region);
      CREATE INDEX rollout_created ON rollout (created_at DESC, id);
      CREATE UNIQUE INDEX rollout_one_open ON rollout ((true)) WHERE status IN ('running', 'paused', 'halting', 'aborting', 'rolling_back');

      CREATE TABLE rollout_wave (
        rollout     text NOT NULL REFERENCES rollout(id),
        position    integer NOT NULL,
        state       jsonb NOT NULL, -- WaveState (rollouts/rollout-state.ts)
        PRIMARY KEY (rollout, position)
      );
      CREATE TABLE rollout_stamp (
        rollout text NOT NULL REFERENCES rollout(id),
        stamp   text NOT NULL,
        state   jsonb NOT NULL, -- MemberState (rollouts/rollout-state.ts)
        PRIMARY KEY (rollout, stamp)
      );
      CREATE TABLE rollout_event (
        rollout  text NOT NULL REFERENCES rollout(id),
        sequence integer NOT NULL,
        at       timestamptz NOT NULL DEFAULT now(),
        level    text NOT NULL,
        wave     text,
        stamp    text,
        message  text NOT NULL,
        PRIMARY KEY (rollout, sequence)
      );

      -- Roll-outs that another region coordinates, as its events tell of them.
      CREATE TABLE rollout_replica (
        id              text PRIMARY KEY,
        region          text NOT NULL REFERENCES region(name),
        view            jsonb NOT NULL,
        origin_sequence bigint NOT NULL,
        created_at      timestamptz NOT NULL
      );
      CREATE INDEX rollout_replica_region ON rollout_replica (region);
      CREATE INDEX rollout_replica_created ON rollout_replica (created_at DESC, id);
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
      DROP TABLE rollout_replica, rollout_event, rollout_stamp, rollout_wave, rollout, stamp_traffic;
      ALTER TABLE stamp DROP COLUMN rollout_version, DROP COLUMN held_by_rollout;
    `);
  }
}
