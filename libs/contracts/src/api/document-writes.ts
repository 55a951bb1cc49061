import { z } from 'zod';
import { DocumentIdSchema, DocumentOperationSchema, JsonObjectSchema, JsonSchema } from './collections.js';

/** A transaction's worth: what it writes is locked until it ends. A request body has 64 kB, so of larger documents fewer fit. */
export const writesAtOnceMax = 200;

export const DocumentWriteSchema = z
  .discriminatedUnion('op', [
    z.strictObject({ op: z.literal('put'), id: DocumentIdSchema, value: JsonSchema }),
    z.strictObject({ op: z.literal('patch'), id: DocumentIdSchema, value: JsonObjectSchema }),
    z.strictObject({
      op: z.literal('operate'),
      id: DocumentIdSchema,
      operations: z.array(DocumentOperationSchema).min(1).max(100),
    }),
    z.strictObject({ op: z.literal('delete'), id: DocumentIdSchema }),
  ])
  .meta({ id: 'DocumentWrite', description: 'As PUT, PATCH, POST and DELETE of one document' });
export type DocumentWrite = z.infer<typeof DocumentWriteSchema>;

export const WriteDocumentsSchema = z
  .strictObject({ writes: z.array(DocumentWriteSchema).min(1).max(writesAtOnceMax) })
  .meta({ id: 'WriteDocuments' });

export const WrittenDocumentsSchema = z
  .object({ changed: z.number().int().meta({ description: 'Writes that changed something; all were done' }) })
  .meta({ id: 'WrittenDocuments' });
export type WrittenDocuments = z.infer<typeof WrittenDocumentsSchema>;
