import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Regions, stamps, tenants and placements, with the invariants that the database itself can keep. */
export class Fleet1763772000001 implements MigrationInterface {
  readonly name = 'Fleet1763772000001';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE region (
        name         text PRIMARY KEY,
        display_name text NOT NULL,
        jurisdiction text NOT NULL,
        latitude     double precision NOT NULL,
        longitude    double precision NOT NULL,
        aws_region   text NOT NULL
      );

      -- A replica of another region's stamp is a row too; only its own region's geode writes it by command.
      CREATE TABLE stamp (
        name               text PRIMARY KEY,
        region             text NOT NULL REFERENCES region(name),
        status             text NOT NULL,
        cordoned           boolean NOT NULL DEFAULT false,
        cordon_reason      text,
        ring               text NOT NULL,
        profile            text NOT NULL,
        isolation          text NOT NULL,
        driver             text NOT NULL,
        capacity_units     integer NOT NULL CHECK (capacity_units >= 1),
        used_units         integer NOT NULL DEFAULT 0 CHECK (used_units >= 0),
        reserved_units     integer NOT NULL DEFAULT 0 CHECK (reserved_units >= 0),
        tenant_count       integer NOT NULL DEFAULT 0 CHECK (tenant_count >= 0),
        dedicated_tenant   text,
        epoch              integer NOT NULL DEFAULT 0,
        template_version   text,
        workload_version   text,
        front_doors        text[] NOT NULL DEFAULT '{}',
        labels             jsonb NOT NULL DEFAULT '{}',
        spec               jsonb NOT NULL,
        spec_digest        text,
        graph_digest       text,
        agent_token_sha256 text,
        health             text NOT NULL DEFAULT 'unknown', -- as its own region's monitor last judged (health/monitor.ts); told to the others by events
        last_known_heartbeat_at timestamptz,               -- of a replica; of our own stamps see stamp_observation
        origin_sequence    bigint NOT NULL DEFAULT 0, -- of the event a replica was last written by
        version            integer NOT NULL DEFAULT 1,
        created_at         timestamptz NOT NULL DEFAULT now(),
        updated_at         timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT stamp_capacity_i2 CHECK (used_units + reserved_units <= capacity_units) -- I2, the second wall
      );
      CREATE INDEX stamp_region ON stamp (region, name);

      CREATE TABLE stamp_observation (
        stamp             text PRIMARY KEY REFERENCES stamp(name) ON DELETE CASCADE,
        instance_id       text NOT NULL,
        epoch             integer NOT NULL,
        sequence          bigint NOT NULL DEFAULT 0,
        last_heartbeat_at timestamptz NOT NULL,
        front_door        text NOT NULL,
        load              jsonb NOT NULL DEFAULT '{}',
        held_count        integer NOT NULL DEFAULT 0,
        held_as_of        bigint NOT NULL DEFAULT 0,
        workload_healthy  boolean NOT NULL DEFAULT false,
        workload_version  text,
        agent_version     text
      );

      CREATE TABLE tenant (
        id              text PRIMARY KEY,
        home_region     text NOT NULL REFERENCES region(name),
        status          text NOT NULL,
        status_reason   text,
        weight          integer NOT NULL CHECK (weight >= 1),
        residency       text[] NOT NULL DEFAULT '{}',
        tier            text NOT NULL,
        labels          jsonb NOT NULL DEFAULT '{}',
        placement_epoch integer NOT NULL DEFAULT 0, -- highest epoch ever given (I1)
        pending_since   timestamptz,
        origin_sequence bigint NOT NULL DEFAULT 0,
        hlc             text NOT NULL,
        claim_hlc       text NOT NULL DEFAULT '', -- when the id was claimed; decides between two regions that claimed it while apart
        version         integer NOT NULL DEFAULT 1,
        created_at      timestamptz NOT NULL DEFAULT now(),
        updated_at      timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX tenant_home_region ON tenant (home_region, id);
      CREATE INDEX tenant_pending ON tenant (home_region, pending_since, id) WHERE status = 'pending';

      -- Host names beside the default one are claims, unique in the whole fleet.
      CREATE TABLE tenant_hostname (
        hostname   text PRIMARY KEY,
        tenant     text NOT NULL REFERENCES tenant(id),
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX tenant_hostname_tenant ON tenant_hostname (tenant);

      CREATE TABLE placement_decision (
        id         text PRIMARY KEY,
        tenant     text NOT NULL REFERENCES tenant(id),
        outcome    text NOT NULL,
        chosen     text REFERENCES stamp(name),
        epoch      integer,
        summary    text NOT NULL,
        candidates jsonb NOT NULL,
        decided_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX placement_decision_tenant ON placement_decision (tenant, decided_at DESC);
      CREATE INDEX placement_decision_chosen ON placement_decision (chosen);

      CREATE TABLE placement (
        tenant      text NOT NULL REFERENCES tenant(id),
        epoch       integer NOT NULL CHECK (epoch >= 1),
        stamp       text NOT NULL REFERENCES stamp(name),
        units       integer NOT NULL CHECK (units >= 1),
        is_current  boolean NOT NULL DEFAULT true,
        decision    text REFERENCES placement_decision(id),
        decided_at  timestamptz NOT NULL DEFAULT now(),
        serving_at  timestamptz,
        ended_at    timestamptz,
        PRIMARY KEY (tenant, epoch) -- I1: an epoch is never given twice
      );
      CREATE UNIQUE INDEX placement_current_i1 ON placement (tenant) WHERE is_current; -- I1: one current placement
      CREATE INDEX placement_stamp_current ON placement (stamp, tenant) WHERE is_current;
      CREATE INDEX placement_stamp ON placement (stamp);
      CREATE INDEX placement_decision_ref ON placement (decision);
      CREATE INDEX placement_not_serving ON placement (decided_at) WHERE is_current AND serving_at IS NULL;
    `);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP TABLE placement, placement_decision, tenant_hostname, tenant, stamp_observation, stamp, region');
  }
}
