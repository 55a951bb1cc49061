import { AppError } from '@lapidary/kernel/app-error';
import type { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import type { DocumentView } from '@lapidary/contracts/api/collections';
import { canonicalJson } from '@lapidary/kernel/canonical-json';
import { shopCollections, type Order } from './shared-schemas.js';

/**
 * Sells: takes the units from this region's rights, then appends the order. The stock is taken under a key made of the order's id:
 * who repeats an order takes nothing twice, also after a crash between the two. Throws rights_exhausted where this region may sell
 * no more, however much other regions still may; entry_differs where the id is another order's.
 */
export const sell = async (client: CollectionsClient, id: string, order: Order): Promise<DocumentView> => {
  const known = await client.read(shopCollections.orders, id);
  if (known !== null) {
    if (canonicalJson(known.value) === canonicalJson(order)) return known;
    throw new AppError('entry_differs', `Order ${id} is another one`);
  }
  await client.operate(shopCollections.stock, order.sku, [{ op: 'subtract', units: order.units }], { idempotencyKey: `order-${id}` });
  return await client.put(shopCollections.orders, id, order);
};
