import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import { geoStream } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { deleteStream } from '@lapidary/messaging/streams';
import { backUpDatabase, type DatabaseBackup } from '@lapidary/testing/backends';
import { ensureRegionKeys, peerKeysFile } from '../../tools/region-keys.js';
import { addressesOf, routerLaunch, type FleetFacts } from '../../tools/local/fleet-plan.js';
import { endOrphans } from '../../tools/local/orphans.js';
import { fleetPaths, type FleetPaths } from '../../tools/local/paths.js';
import { choosePorts, portName, portNames } from '../../tools/local/ports.js';
import type { ProcessFolder } from '../../tools/local/process-folder.js';
import { startRegionBackends } from '../../tools/local/region-backends.js';
import { oneSecret } from '../../tools/local/secrets.js';
import { Supervisor } from '../../tools/local/supervisor.js';
import { apiClient, type ApiClient } from '../e2e/api-client.js';
import { fleetsFolder, forgetData } from '../e2e/fleet-folder.js';
import { launchOf, stampHost, stopGraceMs } from './geode-launch.js';
import { Wire, type WireState } from './wire.js';

/**
 * Regions as processes: each has its own PostgreSQL, NATS server and control plane, which are started again when they are killed,
 * and reaches each other region over one wire that can be broken. With `stamps` each has a router too, and what its control plane
 * provisions by the local driver runs; without, this is about what regions tell each other.
 */

const root = path.resolve(import.meta.dirname, '../..');

export type Part = 'control-plane' | 'postgres' | 'nats' | 'router';
/** What ends was killed by a test, which waits until it is back: ten seconds of back-off behind the sixth kill prove nothing. */
const pace = { backOffMaxMs: 250 };
/** Starting again includes a back-off; a machine under load takes its time. */
const readyAgainMs = 120_000;

const regionLine = (name: string): string =>
  `  ${name}: { displayName: ${name}, jurisdiction: ${name}, location: { latitude: 1, longitude: 1 }, aws: { region: eu-west-1 } }\n`;

export class Geodes {
  private constructor(
    readonly regions: readonly string[],
    private readonly paths: FleetPaths,
    private readonly supervisor: Supervisor,
    private readonly facts: FleetFacts,
    readonly token: string,
    private readonly wires: ReadonlyMap<string, Wire>,
    private readonly folder: ProcessFolder | null,
  ) {}

  /**
   * `name` names the folder: one per test file. `stamps`: with routers, and with what control planes provision. `inMemory`: for tests,
   * which run sooner there; what is measured is measured on a disk.
   */
  static async start(name: string, regions: readonly string[], { stamps = false, inMemory = false } = {}): Promise<Geodes> {
    const stateDir = path.join(root, '.lapidary');
    const paths = fleetPaths(root, path.join(inMemory ? fleetsFolder(stateDir) : stateDir, `geodes-${name}`));
    await endOrphans(paths.pids);
    await rm(paths.data, { recursive: true, force: true });
    await mkdir(path.join(paths.data, 'stamps'), { recursive: true });
    await writeFile(path.join(paths.data, 'stamps/regions.yaml'), `regions:\n${regions.map(regionLine).join('')}`);
    if (stamps) await copyFile(path.join(root, 'stamps/defaults.yaml'), path.join(paths.data, 'stamps/defaults.yaml'));
    const supervisor = new Supervisor({ paths, report: () => undefined, onChange: () => undefined, pace });
    try {
      return await boot(paths, supervisor, regions);
    } catch (error) {
      await supervisor.stop(() => true, stopGraceMs);
      throw error;
    }

    async function boot(of: FleetPaths, by: Supervisor, all: readonly string[]): Promise<Geodes> {
      await oneSecret(of.enginePassphrase);
      await oneSecret(of.directoryKey);
      ensureRegionKeys(of.regionKeys, all);
      const token = await oneSecret(of.adminToken);
      const { ports } = await choosePorts(portNames(all), { fixed: {}, before: {}, preferred: {} });
      const backends = Object.fromEntries(
        await Promise.all(
          all.map(async (region) => [region, await startRegionBackends(by, { paths: of, ports, regions: all }, region)] as const),
        ),
      );
      const wires = new Map<string, Wire>();
      for (const from of all)
        for (const to of all) if (to !== from) wires.set(`${from} ${to}`, await Wire.to(ports[portName('nats', to)]!));
      const jurisdictions = Object.fromEntries(all.map((region) => [region, region]));
      const facts: FleetFacts = {
        paths: of,
        ports,
        backends,
        jurisdictions,
        directoryKeyChanges: false,
        node: process.execPath,
        env: process.env,
      };
      for (const region of all) by.start(launchOf(facts, wires, region));
      const folder = stamps ? stampHost(of, by) : null;
      await folder?.open();
      await by.allReady(all.map((region) => `control-plane-${region}`));
      if (stamps) {
        for (const region of all) by.start(routerLaunch(facts, region));
        await by.allReady(all.map((region) => `router-${region}`));
      }
      const made = new Geodes(all, of, by, facts, token, wires, folder);
      await made.connected();
      return made;
    }
  }

  apiUrl(region: string): string {
    return addressesOf(this.facts, region).api;
  }

  /** Where tenants' requests come in. */
  router(region: string): string {
    return addressesOf(this.facts, region).router;
  }

  api(region: string): ApiClient {
    return apiClient(this.apiUrl(region), this.token);
  }

  /** Of a collection of the fleet. It goes on trying for as long as processes take to come back. */
  client(region: string): CollectionsClient {
    return new CollectionsClient({ url: this.apiUrl(region), token: () => this.token, attempts: 200 });
  }

  /** A connection to a region's own database, to be ended by the caller. */
  async connect(region: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.facts.backends[region]!.databaseUrl });
    await client.connect();
    return client;
  }

  async backUp(region: string): Promise<DatabaseBackup> {
    const { postgresAdminUrl, databaseUrl } = this.facts.backends[region]!;
    return await backUpDatabase(databaseUrl, postgresAdminUrl);
  }

  /** All that a region's own event stream holds. */
  async loseStream(region: string): Promise<void> {
    await this.asControl(region, async (link) => deleteStream(link, geoStream(region)));
  }

  /** At a region's NATS, with the password of its control plane. */
  async asControl<T>(region: string, work: (link: NatsLink) => Promise<T>): Promise<T> {
    const { natsUrl, natsPasswords } = this.facts.backends[region]!;
    const silent = { info: () => undefined, warn: () => undefined };
    const link = new NatsLink({ url: natsUrl, user: 'control', password: natsPasswords['control']!, name: 'test', logger: silent });
    try {
      await waitFor('the event stream', () => link.isConnected || undefined, { timeoutMs: readyAgainMs });
      return await work(link);
    } finally {
      await link.close();
    }
  }

  /** Both ways between two regions. */
  break(one: string, other: string, state: WireState): void {
    this.wires.get(`${one} ${other}`)!.set(state);
    this.wires.get(`${other} ${one}`)!.set(state);
  }

  /** What one region sends another one is lost, whoever has opened the connection; the other way all arrives. */
  breakOneWay(from: string, to: string): void {
    this.wires.get(`${from} ${to}`)!.set('mute');
    this.wires.get(`${to} ${from}`)!.set('deaf');
  }

  breakAll(state: WireState): void {
    for (const wire of this.wires.values()) wire.set(state);
  }

  /** Bytes over all wires. */
  get bytes(): number {
    return [...this.wires.values()].reduce((sum, wire) => sum + wire.bytes, 0);
  }

  /** kill -9; it is started again by itself. Resolves when it answers again, as another process. */
  async kill(part: Part, region: string): Promise<void> {
    const name = `${part}-${region}`;
    const now = (): { pid: number | null; state: string } => this.supervisor.snapshots.find((snapshot) => snapshot.name === name)!;
    const { pid } = now();
    if (pid === null) return;
    process.kill(pid, 'SIGKILL');
    await waitFor(`${name} to be back`, () => (now().state === 'ready' && now().pid !== pid) || undefined, { timeoutMs: readyAgainMs });
  }

  /** kill -9 of all that a region is, for good: nothing is started again by itself. */
  async lose(region: string): Promise<void> {
    for (const part of ['control-plane', 'nats', 'postgres'] as const) await this.supervisor.end(`${part}-${region}`, 0);
  }

  /** Starts it again from the data that it left. */
  async bringBack(region: string): Promise<void> {
    await startRegionBackends(this.supervisor, { paths: this.paths, ports: this.facts.ports, regions: this.regions }, region);
    this.supervisor.start(launchOf(this.facts, this.wires, region));
    await this.supervisor.allReady([`control-plane-${region}`]);
  }

  /** Starts a region's control plane anew, with those taken out of its peers. */
  async restartWithout(region: string, gone: readonly string[]): Promise<void> {
    await this.supervisor.end(`control-plane-${region}`, stopGraceMs);
    this.supervisor.start(launchOf(this.facts, this.wires, region, gone));
    await this.supervisor.allReady([`control-plane-${region}`]);
  }

  /** The command line, at a region's control plane, as in a terminal of 80 columns. */
  async stampctl(
    region: string,
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const env = { PATH: process.env['PATH'], HOME: this.paths.data, STAMPCTL_SERVER: this.apiUrl(region), STAMPCTL_TOKEN: this.token };
    const child = spawn(process.execPath, [path.join(root, 'apps/stampctl/bin/stampctl.js'), ...args], { env });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: code as number, stdout, stderr };
  }

  /** Until every region follows every other one. */
  async connected(): Promise<void> {
    for (const region of this.regions)
      await waitFor(
        `${region} to follow the others`,
        async () => {
          const answer = await this.api(region)
            .get('/v1/regions')
            .catch(() => null);
          const items = (answer?.body as { items?: { name: string; link: { state: string } | null }[] } | null)?.items ?? [];
          const others = items.filter(({ name }) => name !== region);
          return (others.length === this.regions.length - 1 && others.every(({ link }) => link?.state === 'connected')) || undefined;
        },
        { timeoutMs: readyAgainMs, intervalMs: 100 },
      );
  }

  /** Holds a process still until the returned function is called: it is neither there nor gone, and nobody starts another. */
  freeze(part: Part, region: string): () => void {
    const { pid } = this.supervisor.snapshots.find((snapshot) => snapshot.name === `${part}-${region}`)!;
    process.kill(pid!, 'SIGSTOP');
    return () => process.kill(pid!, 'SIGCONT');
  }

  /** Holds the agent of a stamp still, likewise. */
  freezeAgent(stamp: string): () => void {
    const { pid } = this.folder!.snapshots.find((snapshot) => snapshot.name === `${stamp}-agent`)!;
    process.kill(pid!, 'SIGSTOP');
    return () => process.kill(pid!, 'SIGCONT');
  }

  /** A router puts another process of its own in its place. */
  reloadRouter(region: string): void {
    const { pid } = this.supervisor.snapshots.find((snapshot) => snapshot.name === `router-${region}`)!;
    process.kill(pid!, 'SIGHUP');
  }

  /** Where the regions' control planes read the keys from. */
  get keysFolder(): string {
    return this.paths.regionKeys;
  }

  /** The key that a region signs with. */
  signingKey(region: string): string {
    const told = JSON.parse(readFileSync(peerKeysFile(this.paths.regionKeys), 'utf8')) as Record<string, { keys: { kid: string }[] }>;
    return told[region]!.keys[0]!.kid;
  }

  logFolder(): string {
    return path.relative(root, this.paths.logs);
  }

  async stop(): Promise<void> {
    await this.supervisor.stop((name) => /^(control-plane|router)-/.test(name), stopGraceMs);
    await this.folder?.close(stopGraceMs);
    await this.supervisor.stop(() => true, stopGraceMs);
    this.supervisor.close();
    for (const wire of this.wires.values()) await wire.close();
    forgetData(this.paths.data);
  }
}
