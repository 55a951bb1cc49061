import { z } from 'zod';

const DigestSchema = z.string().max(64);

/** Request on geo.<region>.schema.<peer>. */
export const SchemaQuestionSchema = z.object({ want: z.literal('schemas') });

/** Which schemas a region's control plane and its database have; digests by name, since names alone can't tell a changed one. */
export const SchemaAnswerSchema = z.object({
  /** Types on the wire. */
  wire: z.record(z.string(), DigestSchema),
  /** Migrations of the database that have run, in order. */
  migrations: z.array(z.string()),
  /** Tables with their columns, keys, indexes and triggers. */
  tables: z.record(z.string(), DigestSchema),
});
export type SchemaAnswer = z.infer<typeof SchemaAnswerSchema>;
