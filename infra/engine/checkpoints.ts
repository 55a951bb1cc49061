import type { StackStore } from './stack-store.js';
import type { StackState } from './state-model.js';

/**
 * Writes the state after every change. Resources are worked on in parallel but there is one file: a write that is asked for
 * while another runs waits for it, and all that wait share the next write. Whoever awaits `save` knows that what was in
 * memory at the call is on disk.
 */
export class Checkpoints {
  private running: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;

  constructor(
    private readonly file: StackStore,
    private readonly current: () => StackState,
  ) {}

  save(): Promise<void> {
    this.queued ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.queued = undefined;
        this.running = this.file.save(this.current());
        return this.running;
      });
    return this.queued;
  }
}
