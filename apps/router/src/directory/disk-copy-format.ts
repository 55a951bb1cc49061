import { createHmac, timingSafeEqual } from 'node:crypto';
import { endianness } from 'node:os';
import { tenantStatuses } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import { parseEntry } from './directory-entry.js';
import { DirectoryTable } from './directory-table.js';
import type { PackedReader } from './packed/packed-reader.js';
import { readRow, type Row } from './packed/rows.js';

/**
 * The copy of the directory on disk: magic and format, a head, rows, a foot, its length, and the HMAC-SHA256 of all before.
 * Whoever can write the file but doesn't know the key can neither make a directory nor change one; without a key the same
 * sum only finds what broke by itself. Format 1 was JSON lines without a signature.
 */
export const format = 2;
const magic = Buffer.from(`LAPIDIR${String(format)}`, 'latin1');
const macBytes = 32;
const lengthBytes = 4;
/** Not secret: it makes the sum a checksum where no key is given. */
const noKey = 'this copy is not signed';

const HeadSchema = z.object({
  region: z.string(),
  generation: z.string(),
  byteOrder: z.enum(['LE', 'BE']),
  /** Rows have statuses by number. */
  statuses: z.array(z.string()),
});

const FootSchema = z.object({
  cursor: z.number().int(),
  count: z.number().int(),
  root: z.string().regex(/^[0-9a-f]{16}$/),
  /** When the source was last heard of what is in here. */
  confirmedAtMs: z.number(),
  stampNames: z.array(z.string()),
  regionNames: z.array(z.string()),
  stamps: z.array(z.unknown()),
});
export type Foot = z.infer<typeof FootSchema>;

export interface DiskCopy {
  readonly table: DirectoryTable;
  readonly confirmedAtMs: number;
}

export const startMac = (key: string | undefined): ReturnType<typeof createHmac> => createHmac('sha256', key ?? noKey);

/** Text padded to whole words, behind its length. */
const padded = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  const whole = Buffer.alloc(lengthBytes + Math.ceil(bytes.length / 4) * 4, ' ');
  whole.writeUInt32LE(whole.length - lengthBytes);
  bytes.copy(whole, lengthBytes);
  return whole;
};

export const headBytes = (region: string, generation: string): Buffer => {
  const head = { region, generation, byteOrder: endianness(), statuses: [...tenantStatuses] } satisfies z.infer<typeof HeadSchema>;
  return Buffer.concat([magic, padded(JSON.stringify(head))]);
};

export const footBytes = (table: PackedReader, confirmedAtMs: number): Buffer => {
  const { stampNames, regionNames } = table;
  const foot: Foot = {
    ...table.numbers(),
    confirmedAtMs,
    stampNames: stampNames.all(),
    regionNames: regionNames.all(),
    stamps: table.stamps.all().map(({ entry }) => entry),
  };
  const text = padded(JSON.stringify(foot));
  // Its length stands behind it: it is found from the end.
  return Buffer.concat([text.subarray(lengthBytes), text.subarray(0, lengthBytes)]);
};

const parse = <T>(schema: z.ZodType<T>, bytes: Buffer): T | null => {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null;
  }
};

/** The copy in a file's bytes, or why it is none. `previousKey`: that of before, which copies may still be signed with. */
export const parseDiskCopy = (file: Buffer, region: string, key: string | undefined, previousKey?: string): DiskCopy | string => {
  if (file[0] === '{'.charCodeAt(0))
    return 'it is of format 1 (JSON, not signed), which this version does not read: let the router start with NATS reachable once';
  if (file.length < magic.length || !file.subarray(0, magic.length - 1).equals(magic.subarray(0, -1)))
    return 'it is no copy of a directory';
  if (file[magic.length - 1] !== magic.at(-1))
    return `it is of format ${String.fromCharCode(file[magic.length - 1]!)}, and this version reads ${format}`;
  if (file.length < magic.length + 2 * lengthBytes + macBytes || file.length % 4 !== 0) return 'it is cut off';
  const signed = file.subarray(0, file.length - macBytes);
  const signedBy = (of: string | undefined): boolean =>
    timingSafeEqual(startMac(of).update(signed).digest(), file.subarray(file.length - macBytes));
  if (!signedBy(key) && (previousKey === undefined || !signedBy(previousKey)))
    return key === undefined ? 'its checksum does not match' : 'it was not signed with this router’s key, or was changed since';
  const rowsAt = magic.length + lengthBytes + signed.readUInt32LE(magic.length);
  const footAt = signed.length - lengthBytes - signed.readUInt32LE(signed.length - lengthBytes);
  const head = parse(HeadSchema, signed.subarray(magic.length + lengthBytes, rowsAt));
  const foot = parse(FootSchema, signed.subarray(footAt, signed.length - lengthBytes));
  if (!head || !foot) return 'its head or foot is malformed';
  if (head.region !== region) return `it belongs to region "${head.region}"`;
  if (head.byteOrder !== endianness() || head.statuses.join() !== tenantStatuses.join())
    return 'it was written by another kind of machine or version';
  return build(signed.subarray(rowsAt, footAt), head.generation, foot);
};

const build = (rows: Buffer, generation: string, foot: Foot): DiskCopy | string => {
  const table = new DirectoryTable(generation, foot.count);
  table.stampNames.take(foot.stampNames);
  table.regionNames.take(foot.regionNames);
  const aligned = rows.byteOffset % 4 === 0 ? rows : Buffer.from(new Uint8Array(rows).buffer);
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  const row: Row = { at: 0, idAt: 0, idBytes: 0, hosts: [], next: 0 };
  for (let at = 0; at < words.length; at = row.next) table.loadRow(words, readRow(words, at, row));
  for (const value of foot.stamps) {
    const entry = parseEntry(value);
    if (!entry) return 'a stamp in it is malformed';
    table.apply(entry);
  }
  table.loaded(foot);
  if (table.digest.count !== foot.count) return 'its entries are not as many as it says';
  return { table, confirmedAtMs: foot.confirmedAtMs };
};
