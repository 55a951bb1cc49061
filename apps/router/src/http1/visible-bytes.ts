/** Seen as words: the buffer that was asked for last. Those that connections are read into are few, and each is used again and again. */
let seen: Uint8Array | null = null;
let words: Int32Array = new Int32Array(0);

const see = (bytes: Uint8Array): void => {
  seen = bytes;
  words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
};

/** What connections are read into (transport/read-buffer.ts) is no smaller. Smaller ones come and go with what they hold: to see them as words costs more than it saves. */
const readBufferBytesMin = 64 * 1024;
const isReadBuffer = (bytes: Uint8Array): boolean => bytes.length >= readBufferBytesMin && bytes.byteOffset % 4 === 0;

/**
 * The first of bytes[from … to) that may be something else than SP or visible ASCII, in steps of four where the buffer allows it: never behind the first that
 * is, and at most some bytes before it. Fields are read at half of what they cost byte by byte.
 */
export const skipVisible = (bytes: Uint8Array, from: number, to: number): number => {
  if (bytes !== seen) {
    if (!isReadBuffer(bytes)) return from;
    see(bytes);
  }
  let at = (from + 3) >> 2;
  const end = to >> 2;
  // Up to the first whole word whoever asks looks at bytes; there are none to skip where they aren't visible.
  for (let i = from; i < at << 2; i += 1) if (i >= to || bytes[i]! < 0x20 || bytes[i]! > 0x7e) return i;
  for (; at < end; at += 1) {
    const word = words[at]!;
    // The highest bit of a byte: below 0x20 by the first, above 0x7e by the others. A carry comes only of a byte that has its own.
    if ((((word - 0x20202020) | word | (word + 0x01010101)) & 0x80808080) !== 0) break;
  }
  return at << 2;
};
