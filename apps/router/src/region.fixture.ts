import { connect, createServer, type Socket } from 'node:net';
import {
  SnapshotRequestSchema,
  type DirectoryDigest,
  type DirectoryEntry,
  type RouteBody,
  type SnapshotPage,
} from '@lapidary/contracts/directory';
import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';
import { directoryDigest, directoryEntry, directorySnapshot, directoryStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { deleteStream, directoryStreamShape, ensureStream, publishToStream } from '@lapidary/messaging/streams';
import { closeServer, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { createLogger } from '@lapidary/telemetry/logger';

const keyOf = (body: RouteBody): string => (body.kind === 'tenant' ? `tenant/${body.tenant}` : `stamp/${body.stamp}`);

/** For tests: the part of a control plane that routers hear, on a real NATS server. Its table is a map. */
export class TestRegion {
  readonly entries = new Map<string, DirectoryEntry>();
  readonly link: NatsLink;
  pagesServed = 0;
  private cursor = 0;
  private stopServing: () => void = () => undefined;

  private constructor(
    readonly region: string,
    url: string,
    public generation: string,
  ) {
    this.link = new NatsLink({ url, name: `control plane of ${region}`, logger: createLogger('test', 'silent') });
  }

  static async start(region: string, url: string, generation = 'first'): Promise<TestRegion> {
    const made = new TestRegion(region, url, generation);
    await waitFor('NATS', () => made.link.isConnected || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    await ensureStream(made.link, directoryStreamShape(region, generation));
    return made;
  }

  /** Commits an entry; `publish: false` loses its message. */
  async commit(body: RouteBody, options: { readonly publish: boolean } = { publish: true }): Promise<DirectoryEntry> {
    const entry = { key: keyOf(body), cursor: (this.cursor += 1), committedAtMs: Date.now(), body };
    this.entries.set(entry.key, entry);
    if (options.publish) await this.publish(entry);
    return entry;
  }

  async publish(entry: DirectoryEntry): Promise<void> {
    await publishToStream(this.link, directoryEntry(this.region, entry.key), JSON.stringify(entry));
  }

  digest(): DirectoryDigest {
    let root = 0n;
    for (const { key, cursor } of this.entries.values()) root = addToRoot(root, entryHash(key, cursor));
    return { region: this.region, generation: this.generation, cursor: this.cursor, count: this.entries.size, root: formatRoot(root) };
  }

  tellDigest(): void {
    this.link.publishJson(directoryDigest(this.region), this.digest());
  }

  /** Answers page requests, three entries a page. `beforePage` runs first: the moment for changes during a load. */
  servePages(beforePage: (page: number) => Promise<void> = () => Promise.resolve()): void {
    const answer = async ({ after }: { after: string | null }): Promise<SnapshotPage> => {
      const keys = [...this.entries.keys()].sort().filter((key) => after === null || key > after);
      const entries = keys.slice(0, 3).map((key) => this.entries.get(key)!);
      const digest = this.digest();
      await beforePage((this.pagesServed += 1));
      return { digest, entries, next: keys.length > 3 ? entries.at(-1)!.key : null };
    };
    this.stopServing = this.link.serveJson(directorySnapshot(this.region), SnapshotRequestSchema, answer);
  }

  /** The database was restored from a back-up: cursors start anew, so does the stream. */
  async restore(generation: string, keep: (entry: DirectoryEntry) => boolean): Promise<void> {
    this.generation = generation;
    this.cursor = 0;
    for (const [key, entry] of this.entries) {
      if (keep(entry)) this.entries.set(key, { ...entry, cursor: (this.cursor += 1) });
      else this.entries.delete(key);
    }
    await deleteStream(this.link, directoryStream(this.region));
    await ensureStream(this.link, directoryStreamShape(this.region, generation));
  }

  async stop(): Promise<void> {
    this.stopServing();
    await deleteStream(this.link, directoryStream(this.region)).catch(() => undefined);
    await this.link.close();
  }
}

export interface CuttableLink {
  readonly url: string;
  /** How often this was said to the server since the last time that it was asked. */
  said(text: string): number;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Of what goes over it, for said(). */
const sentCharsMax = 1_000_000;

/** A wire to a NATS server that can be cut: connections end and new ones are dropped, as if the server were gone. */
export const startCuttableLink = async (natsUrl: string): Promise<CuttableLink> => {
  const target = new URL(natsUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  let sent = '';
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    near.on('data', (bytes) => (sent = (sent + bytes.toString('latin1')).slice(-sentCharsMax)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  const port = await listen(server);
  const cut = (): void => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    said: (text) => {
      const times = sent.split(text).length - 1;
      sent = '';
      return times;
    },
    cut,
    mend: () => {
      whole = true;
    },
    close: async () => {
      cut();
      await closeServer(server);
    },
  };
};
