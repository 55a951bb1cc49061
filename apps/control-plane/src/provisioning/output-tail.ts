import { childOutputBytesMax } from './provision-limits.js';

/** The last bytes of a child's output; however much it prints, no more is held. */
export class OutputTail {
  private kept = Buffer.alloc(0);

  constructor(private readonly bytesMax = childOutputBytesMax) {}

  add(chunk: Buffer): void {
    this.kept = Buffer.concat([this.kept, chunk.subarray(-this.bytesMax)]).subarray(-this.bytesMax);
  }

  get isEmpty(): boolean {
    return this.text === '';
  }

  get text(): string {
    return this.kept.toString('utf8').trim();
  }
}
