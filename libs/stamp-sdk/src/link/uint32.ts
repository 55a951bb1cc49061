/** Buffer's own ways to read and write numbers are used by so much else of a process that V8 can't tell what they are given: they cost several times as much as these. Big-endian. */
export const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** The lowest 32 bits of `value`. */
export const writeUint32 = (bytes: Uint8Array, value: number, at: number): void => {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
};
