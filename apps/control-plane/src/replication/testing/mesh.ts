import { geoStream } from '@lapidary/contracts/subjects';
import { deleteStream } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { freshRegion } from '@lapidary/testing/backends';
import { outboxMetrics } from '../../outbox/metrics.js';
import { numberOutbox } from '../../outbox/number-outbox.js';
import { OutboxRelay } from '../../outbox/relay.js';
import { servePeers } from '../../outbox/serve-peers.js';
import { openTestRegion, type TestRegion } from '../../outbox/testing/test-region.js';
import type { PeerSeals } from '../../signatures/peer-seals.js';
import { stepRemovals } from '../remove-documents.js';
import { retellDocuments } from '../retell-documents.js';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { pullerOf } from './two-regions.js';

/** Removals and retellings go round this often; the product's second would only make tests slow. */
const roundMs = 50;

/** What of a version others see; without a part: that of this code. */
export type Version = NonNullable<Parameters<typeof pullerOf>[4]>;

/** Regions with everything that joins them, over the run's NATS server: relays, answers, and a puller per direction that can be cut. */
export interface Mesh {
  readonly regions: readonly TestRegion[];
  /** `reader` reads `origin` no more, until it is joined again. */
  cut(reader: TestRegion, origin: TestRegion): Promise<void>;
  join(reader: TestRegion, origin: TestRegion): void;
  /** The region runs another version from now on: it speaks that protocol and reads these types. */
  rollOut(region: TestRegion, version: Version): Promise<void>;
  /** The region's processes are started again with these keys. */
  rekey(region: TestRegion, seals: PeerSeals | undefined): Promise<void>;
  close(): Promise<void>;
}

export const openMesh = async (
  size: number,
  sealsOf?: (name: string, names: readonly string[]) => PeerSeals | undefined,
): Promise<Mesh> => {
  const names = Array.from({ length: size }, freshRegion).sort();
  const regions: TestRegion[] = [];
  for (const name of names)
    regions.push(await openTestRegion({ name, peers: names.filter((n) => n !== name), seals: sealsOf?.(name, names) }));
  const stop = new AbortController();
  const running: Promise<unknown>[] = [];
  const peersOf = (region: TestRegion): string[] => names.filter((n) => n !== region.name);
  const versions = new Map<string, Version>();
  const answers = new Map<string, (() => void)[]>();
  const serve = (region: TestRegion): void => {
    const { protocol } = versions.get(region.name) ?? {};
    answers.set(
      region.name,
      servePeers(region.nats, region.dataSource, region.name, peersOf(region), () => undefined, protocol),
    );
  };
  for (const region of regions) {
    const peers = peersOf(region);
    serve(region);
    const metrics = createMetrics(outboxMetrics, { processMetrics: false });
    const relay = new OutboxRelay({
      ...region,
      metrics,
      onPublished: () => undefined,
      get keys() {
        return region.seals?.keys;
      },
    });
    running.push(relay.lead(stop.signal), keepGoing(region, peers, relay, stop.signal));
  }
  const links = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();
  const join = (reader: TestRegion, origin: TestRegion): void => {
    const ending = new AbortController();
    const puller = pullerOf(reader, origin, undefined, undefined, versions.get(reader.name));
    links.set(`${reader.name} ${origin.name}`, { stop: ending, done: puller.lead(ending.signal) });
  };
  const cut = async (reader: TestRegion, origin: TestRegion): Promise<void> => {
    const link = links.get(`${reader.name} ${origin.name}`);
    link?.stop.abort();
    await link?.done;
  };
  for (const reader of regions) for (const origin of regions) if (reader !== origin) join(reader, origin);
  const begin = async (region: TestRegion): Promise<void> => {
    answers.get(region.name)?.forEach((end) => end());
    serve(region);
    for (const origin of regions.filter((r) => r !== region)) {
      await cut(region, origin);
      join(region, origin);
    }
  };
  return {
    regions,
    cut,
    join,
    rollOut: async (region, version) => {
      versions.set(region.name, version);
      await begin(region);
    },
    rekey: async (region, seals) => {
      region.seals = seals;
      await begin(region);
    },
    close: async () => {
      stop.abort();
      for (const link of links.values()) link.stop.abort();
      await Promise.all([...running, ...[...links.values()].map(async (link) => link.done)]);
      for (const end of [...answers.values()].flat()) end();
      for (const region of regions) await deleteStream(region.nats, geoStream(region.name)).catch(() => undefined);
      await Promise.all(regions.map(async (region) => region.close()));
    },
  };
};

/** What the outbox's leader does beside publishing, and a look for new rows in place of Postgres's notifications. */
const keepGoing = async (region: TestRegion, peers: readonly string[], relay: OutboxRelay, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await stepRemovals(region.dataSource, region.clock, peers);
    await retellDocuments(region.dataSource, region.clock);
    if ((await numberOutbox(region.dataSource)) > 0) relay.wake();
    await new Wakeup().wait(roundMs, signal);
  }
};
