import { requestIdHeader } from '@lapidary/contracts/workload';
import type { Trace } from '../observe/ended-request.js';
import type { Traces } from '../observe/traces.js';
import { marksPlaces, newMarks, requestIdOf } from '../request-marks.js';

const { idAt, idEnd, idLineEnd, traceAt, traceEnd } = marksPlaces;

/** Id and trace of the request under way. What most requests are never asked for is made of `lines` when it is. */
export class Marks {
  /** Fields for the stamp: `x-request-id` and `traceparent`, each with its line end. */
  lines = '';
  /** Characters of the former alone, which is for the answer, too. */
  idLength: number = idLineEnd;
  private sentId: string | null = null;
  private sentTrace: Trace | null = null;

  constructor(private readonly traces: Traces) {}

  /** What the client sent of them, as it came. */
  begin(id: string | undefined, traceparent: string | undefined): void {
    if (id === undefined && traceparent === undefined) {
      this.sentId = this.sentTrace = null;
      this.lines = newMarks(this.traces.samplesNext());
      this.idLength = idLineEnd;
      return;
    }
    this.sentId = requestIdOf(id);
    this.sentTrace = this.traces.begin(traceparent);
    const idLine = `${requestIdHeader}: ${this.sentId}\r\n`;
    this.idLength = idLine.length;
    this.lines = `${idLine}traceparent: ${this.sentTrace.toStamp}\r\n`;
  }

  get requestId(): string {
    return this.sentId ?? this.lines.slice(idAt, idEnd);
  }

  get trace(): Trace {
    return this.sentTrace ?? { sent: '', toStamp: this.lines.slice(traceAt, traceEnd) };
  }
}
