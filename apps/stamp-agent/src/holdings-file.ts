import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { HoldCommandSchema } from '@lapidary/contracts/agent-protocol';
import { digestOf } from '@lapidary/kernel/canonical-json';
import type { HoldingsSnapshot } from '@lapidary/stamp-sdk/holdings';

const BodySchema = z.strictObject({
  format: z.literal(1),
  stamp: z.string(),
  /** A copy from another incarnation of the stamp (same name, other token, other database) is not ours. */
  tokenSha256: z.string(),
  /** When the control plane last vouched for it, milliseconds since the Unix epoch. */
  contactAtMs: z.number().int().min(0),
  snapshot: z.strictObject({ asOf: z.number().int().min(0), known: z.array(HoldCommandSchema) }),
});
const FileSchema = z.strictObject({ body: BodySchema, digest: z.string() });

export interface SavedHoldings {
  readonly contactAtMs: number;
  readonly snapshot: HoldingsSnapshot;
}

export type LoadResult =
  | { readonly kind: 'loaded'; readonly saved: SavedHoldings }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * The last good copy of what the stamp holds, so that a restarted agent serves it while the control plane is away.
 * Written to a temporary file, synced and renamed: a crash leaves the old copy or the new one. Anything else is refused.
 */
export class HoldingsFile {
  private readonly tokenSha256: string;

  constructor(
    private readonly path: string,
    private readonly stamp: string,
    token: string,
  ) {
    this.tokenSha256 = createHash('sha256').update(token).digest('hex');
  }

  async load(): Promise<LoadResult> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'refused', reason: `it can't be read (${code})` };
    }
    return this.parse(text);
  }

  async save({ contactAtMs, snapshot }: SavedHoldings): Promise<void> {
    const body = { format: 1, stamp: this.stamp, tokenSha256: this.tokenSha256, contactAtMs, snapshot };
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const temporary = `${this.path}.${process.pid}.tmp`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify({ body, digest: digestOf(body) }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.path);
    await syncDirectory(dirname(this.path));
  }

  /** After it nothing is served from disk: the way out where a drop can't be written. */
  async remove(): Promise<void> {
    try {
      await rm(this.path, { force: true });
      await syncDirectory(dirname(this.path));
    } catch (error) {
      // Without the directory there is no copy in it either.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  private parse(text: string): LoadResult {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { kind: 'refused', reason: 'it is not JSON' };
    }
    const parsed = FileSchema.safeParse(value);
    if (!parsed.success) return { kind: 'refused', reason: 'it does not fit its schema' };
    const { body, digest } = parsed.data;
    if (digest !== digestOf(body)) return { kind: 'refused', reason: 'its digest does not match' };
    if (body.stamp !== this.stamp) return { kind: 'refused', reason: `it is of stamp ${body.stamp}` };
    if (body.tokenSha256 !== this.tokenSha256) return { kind: 'refused', reason: 'it is of another incarnation of the stamp' };
    return { kind: 'loaded', saved: { contactAtMs: body.contactAtMs, snapshot: body.snapshot } };
  }
}

/** A rename is durable once its directory is. */
const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
