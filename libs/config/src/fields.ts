import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { AppError } from '@lapidary/kernel/app-error';

/** Fields that several processes share. Descriptions become docs/reference/config.md. */
export const region = RegionNameSchema.meta({ description: 'Region this process belongs to' });
export const host = z.string().default('127.0.0.1').meta({ description: 'Address to listen on' });
export const port = (what: string) =>
  z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .meta({ description: `Port of ${what}; 0 takes a free one` });
export const natsUrl = z
  .string()
  .regex(/^(nats|tls|wss?):\/\//, 'nats://host:port')
  .meta({ description: 'This region’s NATS server; wss:// through a load balancer that ends TLS' });
export const natsUser = z.string().optional().meta({ description: 'NATS user name' });
export const natsPassword = z.string().optional().meta({ description: 'NATS password' });
export const logLevel = z
  .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
  .default('info')
  .meta({ description: 'Least severe level that is logged' });
export const baseDomain = z
  .string()
  .regex(/^[a-z0-9.-]+$/)
  .default('lapidary.localhost')
  .meta({ description: 'A tenant’s host is <tenant>.<base domain>' });

/** Items with commas between them; none by default. */
export const list = (what: string) =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .meta({ description: what });

/** A path to a file that holds one secret; the field becomes the file's content, trimmed. */
export const secretFile = (what: string) =>
  z
    .string()
    .transform((path, context) => {
      try {
        return readFileSync(path, 'utf8').trim();
      } catch (error) {
        context.addIssue({ code: 'custom', message: `can't be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}` });
        return z.NEVER;
      }
    })
    .meta({ description: `File that holds ${what}` });

/** The same at every router and agent of a region; docs/reference/stamp-link.md. */
export const linkKeyFile = secretFile(
  'the region’s link key, by which routers and agents prove themselves; without it, links come from loopback and private addresses only',
).optional();

/** JSON in a variable, checked by `schema`. */
export const jsonText = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** A path to a file that holds JSON; the field becomes what it says, checked by `schema`. */
export const jsonFile = <T extends z.ZodType>(schema: T, what: string) =>
  secretFile(what)
    .pipe(jsonText(schema))
    .meta({ description: `File that holds ${what}` });

/** What a file held at the start, and where it is looked at again while the process runs. */
export interface WatchedFile<T> {
  readonly path: string;
  readonly value: T;
}

/** As `jsonFile`, for what may change while the process runs. */
export const watchedJsonFile = <T extends z.ZodType>(schema: T, what: string) =>
  z
    .string()
    .transform((path, context): WatchedFile<z.infer<T>> => {
      const read = jsonFile(schema, what).safeParse(path);
      if (read.success) return { path, value: read.data };
      for (const { message, path: at } of read.error.issues) context.addIssue({ code: 'custom', message, path: at });
      return z.NEVER;
    })
    .meta({ description: `File that holds ${what}` });

/** What it holds now. Throws `config_invalid`, which says what is wrong and nothing of what is in it. */
export const readAgain = <T extends z.ZodType>(schema: T, path: string): z.infer<T> => {
  const read = jsonFile(schema, 'what is watched').safeParse(path);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ message, path: at }) => [...at.map(String), message].join(': '));
  throw new AppError('config_invalid', `${path}: ${faults.join('; ')}`);
};
