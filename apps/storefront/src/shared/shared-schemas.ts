import { z } from 'zod';
import { SkuSchema } from '../inventory/inventory-schemas.js';

/** Collections that the shop expects; a platform team defines them once (docs/flows/collections.md). */
export const shopCollections = { items: 'shop-items', stock: 'shop-stock', orders: 'shop-orders', profiles: 'shop-profiles' } as const;

const UnitsSchema = z.number().int().min(1).max(1_000_000);

export const ItemSchema = z.strictObject({
  name: z.string().min(1).max(200).nullable().optional(),
  priceCents: z.number().int().min(0).nullable().optional(),
  colour: z.string().max(50).nullable().optional(),
});

export const StockSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('add'), units: UnitsSchema }),
  /** Lets another region sell so many, also while the two can't hear each other. */
  z.strictObject({ op: z.literal('give'), units: UnitsSchema, to: z.string().min(1).max(63) }),
]);

export const OrderSchema = z.strictObject({ sku: SkuSchema, units: UnitsSchema });
export type Order = z.infer<typeof OrderSchema>;

export const ProfileSchema = z.strictObject({
  name: z.string().max(200).optional(),
  addresses: z
    .array(z.strictObject({ city: z.string().max(200), street: z.string().max(200).optional() }))
    .max(20)
    .optional(),
});

/** Ids that people or other systems give. */
export const IdSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/);
