import { createHash } from 'node:crypto';
import { open, mkdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { parseEntry } from './directory-entry.js';
import { DirectoryTable } from './directory-table.js';

/**
 * The last good copy of the directory: what a router serves by when it starts alone (I7). Lines of JSON: a head, the
 * entries, and the sha256 of all before. Written beside and renamed, so that a crash leaves the copy before.
 */
const format = 1;
/** Lines hashed and written at once: some 5 ms of work, then other requests have their turn. */
const linesAtOnce = 5_000;

const HeadSchema = z.object({
  format: z.literal(format),
  region: z.string(),
  generation: z.string(),
  cursor: z.number().int(),
  count: z.number().int(),
  root: z.string(),
  /** When the source last confirmed what is in here. */
  confirmedAtMs: z.number(),
});
const TailSchema = z.object({ sha256: z.string().length(64) });

export interface DiskCopy {
  readonly table: DirectoryTable;
  readonly confirmedAtMs: number;
}

export type DiskRead =
  | { readonly ok: true; readonly copy: DiskCopy }
  | { readonly ok: false; readonly missing: true }
  | { readonly ok: false; readonly missing: false; readonly reason: string; readonly keptAs: string };

const headOf = (table: DirectoryTable, region: string, confirmedAtMs: number): string =>
  JSON.stringify({ format, region, ...table.digest, confirmedAtMs } satisfies z.infer<typeof HeadSchema>);

/** Writes the whole table. Only one write at a time per file: the caller sees to it. */
export const writeDiskCopy = async (file: string, table: DirectoryTable, region: string, confirmedAtMs: number): Promise<void> => {
  const head = headOf(table, region, confirmedAtMs);
  const entries = [...table.all()];
  const temporary = `${file}.${process.pid}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  const handle = await open(temporary, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    const put = async (text: string): Promise<void> => {
      hash.update(text);
      await handle.write(text);
    };
    await put(`${head}\n`);
    for (let at = 0; at < entries.length; at += linesAtOnce) {
      await put(
        entries
          .slice(at, at + linesAtOnce)
          .map((entry) => `${JSON.stringify(entry)}\n`)
          .join(''),
      );
      await nextTurn();
    }
    await handle.write(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await handle.close();
  await rename(temporary, file);
  await syncDirectory(dirname(file));
};

/** The rename itself must outlive a power cut. */
const syncDirectory = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
};

const parseLine = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

/** The copy in a text, or why it is none. Every count, digest and the checksum must agree. */
export const parseDiskCopy = (text: string, region: string): DiskCopy | string => {
  const endOfEntries = text.lastIndexOf('\n', text.length - 2) + 1;
  const tail = TailSchema.safeParse(parseLine(text.slice(endOfEntries)));
  if (!text.endsWith('\n') || !tail.success) return 'it is cut off';
  const covered = text.slice(0, endOfEntries);
  if (createHash('sha256').update(covered).digest('hex') !== tail.data.sha256) return 'its checksum does not match';
  const [headLine, ...lines] = covered.trimEnd().split('\n');
  const head = HeadSchema.safeParse(parseLine(headLine ?? ''));
  if (!head.success) return 'its format is unknown';
  if (head.data.region !== region) return `it belongs to region "${head.data.region}"`;
  const table = new DirectoryTable(head.data.generation);
  for (const line of lines) {
    const entry = parseEntry(parseLine(line));
    if (!entry) return 'an entry in it is malformed';
    table.apply(entry);
  }
  const { cursor, count, root } = table.digest;
  if (cursor !== head.data.cursor || count !== head.data.count || root !== head.data.root) return 'its entries do not match its digest';
  return { table, confirmedAtMs: head.data.confirmedAtMs };
};

/** Reads the copy. One that can't be trusted is renamed, for people to look at, and not used. */
export const readDiskCopy = async (file: string, region: string): Promise<DiskRead> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: false, missing: true };
    return { ok: false, missing: false, reason: (error as Error).message, keptAs: file };
  }
  const copy = parseDiskCopy(text, region);
  if (typeof copy !== 'string') return { ok: true, copy };
  const keptAs = `${file}.refused-${new Date().toISOString().replaceAll(':', '-')}`;
  await rename(file, keptAs).catch(() => undefined);
  return { ok: false, missing: false, reason: copy, keptAs };
};
