import type { StackState } from './state-model.js';

/** Where one stack's state is kept. */
export interface StackStore {
  exists(): Promise<boolean>;
  /** undefined: there is no such stack. */
  load(): Promise<StackState | undefined>;
  save(state: StackState): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Reads the real state and writes to memory only: for previews and drift, which must leave nothing behind, not even the
 * config of a spec that was only asked about. They take no lock, so they may run while an `up` does.
 */
export class ScratchStore implements StackStore {
  private written = false;
  private copy: StackState | undefined;

  constructor(private readonly real: StackStore) {}

  async exists(): Promise<boolean> {
    return this.written ? this.copy !== undefined : this.real.exists();
  }

  async load(): Promise<StackState | undefined> {
    if (!this.written) this.keep(await this.real.load());
    return structuredClone(this.copy);
  }

  save(state: StackState): Promise<void> {
    this.keep(state);
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.keep(undefined);
    return Promise.resolve();
  }

  private keep(state: StackState | undefined): void {
    this.copy = structuredClone(state);
    this.written = true;
  }
}
