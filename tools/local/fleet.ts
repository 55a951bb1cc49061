import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { RunFile } from '@lapidary/contracts/run-file';
import { identify } from '@lapidary/kernel/process-identity';
import type { ProcessSpec } from '@lapidary/contracts/process-spec';
import { surroundingEnv } from './child-env.js';
import { ensureRegionKeys } from '../region-keys.js';
import { addressesOf, controlPlaneLaunch, routerLaunch, type FleetFacts } from './fleet-plan.js';
import type { Launch } from './launch.js';
import type { FleetPaths } from './paths.js';
import type { PortMap } from './ports.js';
import { ProcessFolder } from './process-folder.js';
import { provisionFirstStamp } from './provision-first-stamp.js';
import { startRegionBackends } from './region-backends.js';
import { jurisdictionsOf } from './regions.js';
import { writeRunFile } from './run-file.js';
import { oneSecret } from './secrets.js';
import { specLaunch } from './spec-launch.js';
import { Supervisor } from './supervisor.js';

export interface FleetOptions {
  readonly paths: FleetPaths;
  readonly regions: readonly string[];
  readonly ports: PortMap;
  readonly firstStamps: readonly { readonly region: string; readonly stamp: string }[];
  readonly node: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For every process of every stamp; only tests set any. */
  readonly stampEnv: Readonly<Record<string, string>>;
  readonly report: (line: string) => void;
}

/** For one stamp's process that is replaced or retired while the rest runs on. */
const stampStopGraceMs = 5000;
/**
 * Shutdown, in order: front doors first so that requests end before what serves them, databases last. The graces add up to
 * less than the 10 s after which people reach for kill -9.
 */
const shutdownStages: readonly { readonly what: RegExp; readonly graceMs: number }[] = [
  { what: /^router-/, graceMs: 2500 },
  { what: /-agent$/, graceMs: 1500 },
  // The rest of the stamps: their workload.
  { what: /^(?!router-|control-plane-|nats-|postgres-)/, graceMs: 1500 },
  { what: /^control-plane-/, graceMs: 2000 },
  { what: /^nats-/, graceMs: 700 },
  { what: /^postgres-/, graceMs: 1500 },
];

/** A whole fleet on this machine, from its folder to its processes. */
export class Fleet {
  private readonly supervisor: Supervisor;
  private readonly folder: ProcessFolder;
  private readonly startedAt = new Date().toISOString();
  private facts: FleetFacts | null = null;
  private ready = false;
  private stopped: Promise<void> | null = null;

  constructor(private readonly options: FleetOptions) {
    const { paths, report } = options;
    this.supervisor = new Supervisor({ paths, report, onChange: () => this.publish() });
    this.folder = new ProcessFolder({
      dir: paths.processes,
      launchOf: (spec: ProcessSpec): Launch =>
        specLaunch(spec, { root: paths.root, node: options.node, env: { ...surroundingEnv(options.env), ...options.stampEnv } }),
      optionsOf: (name) => this.supervisor.processOptions(name),
      onChange: (snapshot) => this.supervisor.noteChange(snapshot),
      report,
      stopGraceMs: stampStopGraceMs,
    });
  }

  /** Returns when every process answers and the first stamps serve. */
  async boot(): Promise<RunFile> {
    const { regions, report } = this.options;
    const token = await this.makeSecrets();
    const wanted = { ...this.options, note: report };
    const backends = await Promise.all(
      regions.map(async (region) => [region, await startRegionBackends(this.supervisor, wanted, region)] as const),
    );
    report('databases and event streams are up');
    this.facts = {
      paths: this.options.paths,
      ports: this.options.ports,
      backends: Object.fromEntries(backends),
      jurisdictions: jurisdictionsOf(this.options.paths.root),
      directoryKeyChanges: existsSync(this.options.paths.previousDirectoryKey),
      node: this.options.node,
      env: this.options.env,
    };
    this.publish();
    for (const region of regions) {
      this.supervisor.start(controlPlaneLaunch(this.facts, region));
      this.supervisor.start(routerLaunch(this.facts, region));
    }
    await this.folder.open();
    await this.supervisor.allReady(regions.map((region) => `control-plane-${region}`));
    report('control planes are up');
    await Promise.all([this.provision(token), this.supervisor.allReady(regions.map((region) => `router-${region}`))]);
    this.ready = true;
    this.publish();
    return this.runFile();
  }

  get isStopping(): boolean {
    return this.stopped !== null;
  }

  /** In order; a second call waits for the first. */
  stop(): Promise<void> {
    return (this.stopped ??= this.stopInOrder());
  }

  /** Everything at once, at once. */
  async kill(): Promise<void> {
    this.supervisor.beginStopping();
    await Promise.all([this.supervisor.stop(() => true, 0), this.folder.close(0)]);
  }

  private async stopInOrder(): Promise<void> {
    this.supervisor.beginStopping();
    for (const { what, graceMs } of shutdownStages) {
      const matches = (name: string): boolean => what.test(name);
      await Promise.all([this.supervisor.stop(matches, graceMs), this.folder.close(graceMs, matches)]);
    }
    this.supervisor.close();
  }

  private async makeSecrets(): Promise<string> {
    const { paths, regions } = this.options;
    await mkdir(paths.data, { recursive: true });
    ensureRegionKeys(paths.regionKeys, regions);
    await oneSecret(paths.enginePassphrase);
    await oneSecret(paths.directoryKey);
    return oneSecret(paths.adminToken);
  }

  private async provision(token: string): Promise<void> {
    const { firstStamps, report } = this.options;
    await Promise.all(
      firstStamps.map(async ({ region, stamp }) => {
        const { api } = addressesOf(this.facts!, region);
        const due = await provisionFirstStamp({ api, token }, stamp, (step) => report(`${stamp}: ${step}`));
        report(`${stamp} serves${due ? '' : ' (provisioned earlier)'}`);
      }),
    );
  }

  private runFile(): RunFile {
    const { paths, regions } = this.options;
    const addresses = Object.fromEntries(regions.map((region) => [region, addressesOf(this.facts!, region)]));
    const running = [...this.supervisor.snapshots, ...this.folder.snapshots];
    return {
      ready: this.ready,
      supervisorPid: process.pid,
      supervisorStartTicks: identify(process.pid).startTicks,
      startedAt: this.startedAt,
      console: addresses[regions[0]!]!.api,
      tokenFile: paths.adminToken,
      regions: addresses,
      processes: running.flatMap(({ name, pid }) => (pid === null ? [] : [{ name, ...identify(pid) }])),
    };
  }

  private publish(): void {
    if (this.facts === null || this.stopped !== null) return;
    writeRunFile(this.options.paths.runFile, this.runFile());
  }
}
