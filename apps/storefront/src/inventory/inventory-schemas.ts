import { z } from 'zod';

/** Letters, digits and the separators that appear on labels; goes into URLs unescaped. */
export const SkuSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a SKU has up to 64 letters, digits, dots, hyphens and underscores');

/** Below the range of a Postgres integer, with room for sums. */
export const stockMax = 1_000_000_000;
export const priceCentsMax = 1_000_000_000;

export const PutItemSchema = z.strictObject({
  name: z.string().min(1).max(200),
  priceCents: z.number().int().min(0).max(priceCentsMax),
  stock: z.number().int().min(0).max(stockMax),
});
export type PutItem = z.infer<typeof PutItemSchema>;
