/**
 * Names that say where a message or its connection ends. None of them may be a trailer (RFC 9110 §6.5.1), and servers differ in whether
 * they do as such a trailer says, Node's among them.
 */
const steering: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const lengthMax = Math.max(...Array.from(steering, (name) => name.length));

/** The name of a trailer as it comes, byte by byte; of a longer one than any of interest no more than its beginning is kept. */
export class TrailerName {
  private name = '';

  begin(code: number): void {
    this.name = '';
    this.take(code);
  }

  take(code: number): void {
    if (this.name.length <= lengthMax) this.name += String.fromCharCode(code);
  }

  /** "_" is taken for "-", as servers that merge both do. */
  get isSteering(): boolean {
    return steering.has(this.name.toLowerCase().replaceAll('_', '-'));
  }
}
