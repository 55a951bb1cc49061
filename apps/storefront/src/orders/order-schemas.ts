import { z } from 'zod';
import { SkuSchema } from '../inventory/inventory-schemas.js';
import { ProfileIdSchema } from '../profiles/profile-schemas.js';

/** 100 lines of 10,000 pieces at the highest price stay below 2^53 cents. */
export const linesMax = 100;
export const quantityMax = 10_000;

export const PlaceOrderSchema = z.strictObject({
  profile: ProfileIdSchema.nullable().default(null),
  lines: z
    .array(z.strictObject({ sku: SkuSchema, quantity: z.number().int().min(1).max(quantityMax) }))
    .min(1)
    .max(linesMax)
    .refine((lines) => new Set(lines.map((l) => l.sku)).size === lines.length, 'each SKU stands in one line'),
});
export type PlaceOrder = z.infer<typeof PlaceOrderSchema>;

export const OrderIdSchema = z.ulid('an order id is a ULID');

export interface OrderView {
  readonly id: string;
  readonly profile: string | null;
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly priceCents: number }[];
  readonly totalCents: number;
  readonly createdAt: string;
}
