import { watch, type FSWatcher } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  ProcessSpecSchema,
  processSpecFile,
  processStatusFile,
  type ProcessSpec,
  type ProcessStatus,
} from '@lapidary/contracts/process-spec';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { Launch } from './launch.js';
import { ManagedProcess, type ManagedProcessOptions, type ProcessSnapshot } from './managed-process.js';

const specSuffix = processSpecFile('');
const statusSuffix = processStatusFile('');
/** Notifications of the file system can be lost; this is how late a change is then seen. */
export const rescanMs = 500;

export interface ProcessFolderOptions {
  readonly dir: string;
  /** Throws where the spec asks for what we do not run. */
  readonly launchOf: (spec: ProcessSpec) => Launch;
  readonly optionsOf: (name: string) => Omit<ManagedProcessOptions, 'onChange'>;
  readonly onChange?: (snapshot: ProcessSnapshot) => void;
  readonly report: (line: string) => void;
  /** For a process that is no longer wanted. */
  readonly stopGraceMs: number;
}

interface Wanted {
  readonly launch: Launch;
  readonly digest: string;
}

/** One name: what the folder asks for, what runs, and the single worker that brings the second to the first. */
interface Slot {
  wanted: Wanted | null;
  running: { readonly digest: string; readonly process: ManagedProcess } | null;
  working: Promise<void> | null;
  /** Status writes in order; a late one must not overtake the removal. */
  writes: Promise<void>;
}

/**
 * Runs what the files in a folder ask for (contracts/process-spec.ts). Level-triggered: each look compares the whole folder
 * with what runs, so that a missed notification costs half a second and never a process.
 */
export class ProcessFolder {
  private readonly slots = new Map<string, Slot>();
  private readonly complaints = new Map<string, string>();
  private watcher: FSWatcher | null = null;
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private lookAgain = false;
  private closed = false;

  constructor(private readonly options: ProcessFolderOptions) {}

  async open(): Promise<void> {
    if (this.closed) return;
    await mkdir(this.options.dir, { recursive: true });
    // What an earlier supervisor saw is not true any more.
    for (const file of await readdir(this.options.dir))
      if (file.endsWith(statusSuffix)) await rm(path.join(this.options.dir, file), { force: true });
    if (this.closed) return;
    this.watcher = watch(this.options.dir, () => this.look());
    this.watcher.on('error', () => undefined);
    this.timer = setInterval(() => this.look(), rescanMs);
    this.look();
  }

  get snapshots(): ProcessSnapshot[] {
    return [...this.slots.values()].flatMap((slot) => (slot.running ? [slot.running.process.snapshot] : []));
  }

  /** Stops those whose name `matches`, and all for good: the files stay, so the next supervisor starts them again. */
  async close(graceMs: number, matches: (name: string) => boolean = () => true): Promise<void> {
    this.closed = true;
    this.watcher?.close();
    if (this.timer) clearInterval(this.timer);
    await this.looking;
    const chosen = [...this.slots].filter(([name]) => matches(name));
    for (const [, slot] of chosen) slot.wanted = null;
    await Promise.all(
      chosen.map(async ([name, slot]) => {
        await slot.running?.process.stop(graceMs);
        await this.settle(name, slot);
      }),
    );
  }

  private look(): void {
    if (this.closed) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.looking = this.compare().finally(() => {
      this.looking = null;
      if (!this.lookAgain) return;
      this.lookAgain = false;
      this.look();
    });
  }

  private async compare(): Promise<void> {
    const wanted = await this.readFolder();
    if (wanted === null || this.closed) return;
    for (const name of wanted.keys())
      if (!this.slots.has(name)) this.slots.set(name, { wanted: null, running: null, working: null, writes: Promise.resolve() });
    for (const [name, slot] of this.slots) {
      const asked = wanted.get(name);
      // A file that can't be read says nothing: what runs goes on running.
      if (asked !== 'unreadable') slot.wanted = asked ?? null;
      void this.settle(name, slot);
    }
  }

  /** null when the folder itself can't be read: that is no reason to stop everything. */
  private async readFolder(): Promise<Map<string, Wanted | 'unreadable'> | null> {
    let files: string[];
    try {
      files = (await readdir(this.options.dir)).filter((file) => file.endsWith(specSuffix));
    } catch {
      return null;
    }
    const wanted = new Map<string, Wanted | 'unreadable'>();
    for (const file of files) {
      const name = file.slice(0, -specSuffix.length);
      const read = await this.readSpec(file, name);
      if (read !== null) wanted.set(name, read);
    }
    return wanted;
  }

  private async readSpec(file: string, name: string): Promise<Wanted | 'unreadable' | null> {
    try {
      const spec = ProcessSpecSchema.parse(JSON.parse(await readFile(path.join(this.options.dir, file), 'utf8')));
      if (spec.name !== name) throw new Error(`it names "${spec.name}"`);
      const wanted = { launch: this.options.launchOf(spec), digest: digestOf(spec) };
      this.complaints.delete(file);
      return wanted;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      const complaint = `${file} can't be used: ${(error as Error).message}`;
      if (this.complaints.get(file) !== complaint) this.options.report(complaint);
      this.complaints.set(file, complaint);
      return 'unreadable';
    }
  }

  private settle(name: string, slot: Slot): Promise<void> {
    slot.working ??= this.bringAbout(name, slot).finally(() => (slot.working = null));
    return slot.working;
  }

  /** Loops, since the folder may change while a process takes its time to stop. */
  private async bringAbout(name: string, slot: Slot): Promise<void> {
    while (slot.running?.digest !== slot.wanted?.digest) {
      if (slot.running) {
        await slot.running.process.stop(this.options.stopGraceMs);
        slot.running = null;
      } else if (slot.wanted) {
        const { launch, digest } = slot.wanted;
        const process = new ManagedProcess(launch, {
          ...this.options.optionsOf(name),
          onChange: (snapshot) => this.changed(slot, digest, snapshot),
        });
        slot.running = { digest, process };
        process.start();
      }
    }
    if (slot.running === null) {
      slot.writes = slot.writes.then(() => rm(path.join(this.options.dir, processStatusFile(name)), { force: true }));
      await slot.writes;
      if (slot.wanted === null) this.slots.delete(name);
    }
  }

  private changed(slot: Slot, digest: string, snapshot: ProcessSnapshot): void {
    this.options.onChange?.(snapshot);
    const { name, state, pid, restarts, lastExit } = snapshot;
    if (state === 'idle' || state === 'stopping') return;
    const status: ProcessStatus = { name, digest, state, pid, restarts, lastExit, at: new Date().toISOString() };
    slot.writes = slot.writes.then(() => this.writeStatus(status));
  }

  private async writeStatus(status: ProcessStatus): Promise<void> {
    const file = path.join(this.options.dir, processStatusFile(status.name));
    try {
      await writeFile(`${file}.partial`, `${JSON.stringify(status)}\n`);
      await rename(`${file}.partial`, file);
    } catch (error) {
      this.options.report(`${file} can't be written: ${(error as Error).message}`);
    }
  }
}
