import { promisify } from 'node:util';
import { brotliCompress, brotliDecompressSync, constants, crc32 } from 'node:zlib';
import { MalformedBytes } from './bytes.js';
import { writeColumns, type Columns } from './json-columns.js';
import { readColumns } from './read-columns.js';

/**
 * How columns travel: four bytes that say so and of which form, the CRC-32 of what follows once it is inflated, since a number that has rotted is another
 * number, and brotli of it. No brotli of Node's begins with these bytes, so that a reader can tell this from the JSON that older versions send.
 */
const mark = Buffer.from('LEC\x01', 'latin1');
const headBytes = mark.length + 4;
/** Of 11, whose sizes both come within a seventh of, at a fiftieth of its time: 5 takes half as long again as 4, for 3 in 100 bytes or none. */
export const brotliQuality = {
  /** All that a region writes goes through its relay, which has little time for each event. */
  stream: 4,
  /** What a link that comes back waits for, over the dearest wire that there is. */
  answer: 5,
} as const;
/** 256 kB, which few batches are larger than: a table for more costs memory, and finds nothing. */
const windowBits = 18;
/** Four times what a batch or an answer has as JSON, and columns are smaller. */
const inflatedBytesMax = 4 * 1024 * 1024;
const compress = promisify(brotliCompress);

/** Compressed beside the thread of this process: several at once take as long as one. */
export const frameColumns = async ({ bytes }: Columns, quality: number): Promise<Uint8Array> => {
  const head = Buffer.alloc(headBytes);
  mark.copy(head);
  head.writeUInt32BE(crc32(bytes), mark.length);
  const packed = await compress(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: windowBits,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  return Buffer.concat([head, packed]);
};

export const inColumns = async (value: unknown): Promise<Uint8Array> => frameColumns(writeColumns(value), brotliQuality.answer);

export const isFrame = (bytes: Uint8Array): boolean => bytes.length > headBytes && mark.equals(bytes.subarray(0, mark.length));

/** The value. Throws MalformedBytes for what is none, has rotted, or is more than any of ours. */
export const readFrame = (bytes: Uint8Array): unknown => {
  if (!isFrame(bytes)) throw new MalformedBytes('it does not begin as columns do');
  let inflated: Buffer;
  try {
    inflated = brotliDecompressSync(bytes.subarray(headBytes), { maxOutputLength: inflatedBytesMax });
  } catch (error) {
    throw new MalformedBytes('it could not be inflated', { cause: error });
  }
  if (crc32(inflated) !== Buffer.from(bytes.buffer, bytes.byteOffset, headBytes).readUInt32BE(mark.length))
    throw new MalformedBytes('it is not what was written');
  return readColumns(inflated);
};
