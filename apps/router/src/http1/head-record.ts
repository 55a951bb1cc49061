import { headerCountMax } from '@lapidary/stamp-sdk/forward/request-check';

export const ScanResult = {
  /** The head goes on behind the bytes given. */
  Incomplete: 0,
  Complete: 1,
  /** Not to be forwarded; `status` and `reason` say why. */
  Refused: 2,
} as const;
export type ScanResult = (typeof ScanResult)[keyof typeof ScanResult];

/** Larger numbers are no safe integers, and no body is that large. */
export const lengthDigitsMax = 15;

/**
 * What the two scanners have in common. One record is filled again and again: offsets into the bytes that were scanned,
 * good only until the next scan.
 */
export class HeadRecord {
  /** Offset behind the empty line that ends the head. */
  end = 0;
  /** First field; its line ends of the first line are before it. */
  fieldsStart = 0;
  /** The empty line at the end. */
  fieldsEnd = 0;
  /** Value of Content-Length, or -1. */
  contentLength = -1;
  chunked = false;
  http10 = false;
  /** Content-Length and Transfer-Encoding fields. */
  lengths = 0;
  encodings = 0;
  /** Content-Length was cut, since it has to be written anew. */
  lengthWasCut = false;
  /** `Connection: close` */
  close = false;
  /** A Connection field with anything but one "close" or "keep-alive". */
  oddConnection = false;
  /** Field lines that are not passed on: pairs of offsets (line start, next line start), ascending. */
  readonly cuts = new Int32Array(2 * headerCountMax);
  cutCount = 0;
  fieldCount = 0;
  status = 0;
  reason = '';

  protected clear(): void {
    this.contentLength = -1;
    this.chunked = this.close = this.oddConnection = this.http10 = this.lengthWasCut = false;
    this.cutCount = this.fieldCount = this.status = this.lengths = this.encodings = 0;
    this.reason = '';
  }

  cut(from: number, to: number): void {
    this.cuts[2 * this.cutCount] = from;
    this.cuts[2 * this.cutCount + 1] = to;
    this.cutCount += 1;
  }

  refuse(status: number, reason: string): typeof ScanResult.Refused {
    this.status = status;
    this.reason = reason;
    return ScanResult.Refused;
  }
}
