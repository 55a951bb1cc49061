import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync, type FSWatcher } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { ProcessSpecSchema, processStatusFile, type ProcessSpec } from '@lapidary/contracts/process-spec';

/** Stands for any workload: answers 200 on its port, and shows its environment. */
const standIn = `
import { createServer } from 'node:http';
createServer((_, res) => res.end(JSON.stringify(process.env))).listen(Number(process.env.LAPIDARY_HTTP_PORT), '127.0.0.1');
`;

/** Puts stand-ins where the template expects the programs. */
export const installStandIns = async (rootDir: string, scripts: readonly string[]): Promise<void> => {
  for (const script of scripts) {
    await mkdir(dirname(join(rootDir, script)), { recursive: true });
    await writeFile(join(rootDir, script), standIn);
  }
  await writeFile(join(rootDir, 'package.json'), '{"type":"module"}');
};

const pollMs = 30;

/** The least that keeps the contract of process-spec.ts: start what is new or changed, stop what is gone, tell what runs. */
export class TinySupervisor {
  readonly starts: string[] = [];
  private readonly running = new Map<string, { digest: string; child: ChildProcess }>();
  private readonly watcher: FSWatcher;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly processDir: string,
    private readonly rootDir: string,
  ) {
    this.watcher = watch(processDir, () => this.reconcile());
    this.timer = setInterval(() => this.reconcile(), 500);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.watcher.close();
    for (const name of [...this.running.keys()]) await this.end(name);
  }

  names(): readonly string[] {
    return [...this.running.keys()].sort();
  }

  private reconcile(): void {
    const wanted = new Map<string, ProcessSpec>();
    for (const file of readdirSync(this.processDir).filter((f) => f.endsWith('.process.json'))) {
      const spec = ProcessSpecSchema.safeParse(readJson(join(this.processDir, file)));
      if (spec.success) wanted.set(spec.data.name, spec.data);
    }
    for (const name of this.running.keys()) if (!wanted.has(name)) void this.end(name);
    for (const spec of wanted.values()) {
      const current = this.running.get(spec.name);
      if (current?.digest === digestOf(spec)) continue;
      void this.end(spec.name).then(() => this.start(spec));
    }
  }

  private start(spec: ProcessSpec): void {
    if (this.running.has(spec.name)) return;
    const child = spawn(process.execPath, [join(this.rootDir, spec.script), ...spec.args], { env: spec.env, stdio: 'ignore' });
    this.running.set(spec.name, { digest: digestOf(spec), child });
    this.starts.push(spec.name);
    this.report(spec, child, 'starting');
    void this.awaitReady(spec, child);
  }

  private async awaitReady(spec: ProcessSpec, child: ChildProcess): Promise<void> {
    while (child.exitCode === null && child.signalCode === null) {
      const answer = await fetch(spec.readyUrl).catch(() => undefined);
      if (answer?.ok && this.running.get(spec.name)?.child === child) return this.report(spec, child, 'ready');
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  private async end(name: string): Promise<void> {
    const entry = this.running.get(name);
    if (entry === undefined) return;
    this.running.delete(name);
    const { child } = entry;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(join(this.processDir, processStatusFile(name)), { force: true });
  }

  private report(spec: ProcessSpec, child: ChildProcess, state: 'starting' | 'ready'): void {
    const path = join(this.processDir, processStatusFile(spec.name));
    const status = {
      name: spec.name,
      digest: digestOf(spec),
      state,
      pid: child.pid ?? null,
      restarts: 0,
      lastExit: null,
      at: new Date().toISOString(),
    };
    writeFileSync(`${path}.tmp`, JSON.stringify(status));
    renameSync(`${path}.tmp`, path);
  }
}

const readJson = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};
