import type { StreamMessage } from '@lapidary/messaging/ordered-reader';
import type { StreamState } from '@lapidary/messaging/streams';
import type { DirectoryTable } from './directory-table.js';

/** Who takes what a reading brings: into the table that is being built, or into the one that serves. */
export interface StreamTaker {
  take(message: StreamMessage, streamId: string, building: DirectoryTable | null): void;
  readToEnd(building: DirectoryTable | null): void;
}

/** One reading of the stream: knows when what was there at its start has been read. */
export class StreamReading {
  private done = false;
  private lastSequence: number;

  constructor(
    private readonly state: StreamState,
    after: number,
    private readonly building: DirectoryTable | null,
    private readonly source: StreamTaker,
  ) {
    this.lastSequence = after;
  }

  onMessage(message: StreamMessage): void {
    this.lastSequence = message.sequence;
    this.source.take(message, this.state.id, this.done ? null : this.building);
    if (message.pending === 0 || this.lastSequence >= this.state.lastSequence) this.caughtUp();
  }

  caughtUp(): void {
    if (this.done) return;
    this.done = true;
    this.source.readToEnd(this.building);
  }
}
