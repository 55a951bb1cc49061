import { z } from 'zod';
import { DocumentIdSchema, DocumentSchema, documentIdLengthMax } from './collections.js';
import { TenantIdSchema } from './common.js';

/** Of one document, of those with a prefix, or of all of a tenant. */
export const WatchQuerySchema = z.object({
  tenant: TenantIdSchema.optional(),
  id: DocumentIdSchema.optional(),
  prefix: z.string().max(documentIdLengthMax).optional(),
  snapshot: z.stringbool().default(false).meta({ description: 'First every document as it is, then what changes' }),
  cursor: z.string().max(200).optional().meta({ description: 'As Last-Event-ID, for clients that can’t set it' }),
});

/**
 * Names of the events. `document`: one has changed, this is what it is now. `synced`: everything up to the cursor was sent. `reset`: the
 * cursor is of another database; what was seen before may be gone, everything is sent anew. `end`: no more of it, and why.
 */
export const watchEvents = { document: 'document', synced: 'synced', reset: 'reset', end: 'end' } as const;

export const WatchedDocumentSchema = z
  .object({ deleted: z.boolean(), document: DocumentSchema })
  .meta({ id: 'WatchedDocument', description: 'Data of a "document" event; its id is the cursor' });
export type WatchedDocument = z.infer<typeof WatchedDocumentSchema>;

/** Data of an "end" event: a code of the catalogue. */
export const WatchEndSchema = z.object({ code: z.string(), detail: z.string() });
