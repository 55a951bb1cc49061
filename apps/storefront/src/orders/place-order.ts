import type { Tx } from '@lapidary/db/transaction';
import { checkViolation, sqlStateOf } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import { Profile } from '../profiles/profile.entity.js';
import { OrderLine } from './order-line.entity.js';
import type { OrderView, PlaceOrder } from './order-schemas.js';
import { ShopOrder } from './shop-order.entity.js';

/** Takes the stock and writes the order; all or nothing. */
export const placeOrder = async (tx: Tx, tenant: string, order: PlaceOrder): Promise<OrderView> => {
  if (order.profile !== null && !(await tx.existsBy(Profile, { tenant, id: order.profile }))) {
    throw new AppError('invalid_input', `There is no profile "${order.profile}"`, {
      fields: [{ path: 'profile', message: 'no such profile' }],
    });
  }
  const lines: OrderLine[] = [];
  // In one order everywhere: two orders for the same goods wait for each other instead of deadlocking.
  for (const line of [...order.lines].sort((a, b) => (a.sku < b.sku ? -1 : 1))) {
    const priceCents = await takeStock(tx, tenant, line.sku, line.quantity);
    lines.push({ tenant, shopOrder: '', ...line, priceCents });
  }
  const totalCents = lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0);
  const placed: ShopOrder = { tenant, id: newId(), profile: order.profile, totalCents, createdAt: new Date() };
  await tx.insert(ShopOrder, placed);
  await tx.insert(
    OrderLine,
    lines.map((line) => ({ ...line, shopOrder: placed.id })),
  );
  return orderView(placed, lines);
};

export const orderView = (order: ShopOrder, lines: readonly OrderLine[]): OrderView => ({
  id: order.id,
  profile: order.profile,
  lines: lines.map(({ sku, quantity, priceCents }) => ({ sku, quantity, priceCents })),
  totalCents: order.totalCents,
  createdAt: order.createdAt.toISOString(),
});

/** Stock never goes below zero: the row's CHECK decides under the row's lock, whatever was read before. */
const takeStock = async (tx: Tx, tenant: string, sku: string, quantity: number): Promise<number> => {
  try {
    const [rows] = await tx.query<[{ price_cents: number }[], number]>(
      'UPDATE inventory_item SET stock = stock - $3, updated_at = now() WHERE tenant = $1 AND sku = $2 RETURNING price_cents',
      [tenant, sku, quantity],
    );
    const [row] = rows;
    if (!row)
      throw new AppError('invalid_input', `There is no item "${sku}"`, { fields: [{ path: 'lines', message: `no such SKU: ${sku}` }] });
    return row.price_cents;
  } catch (error) {
    if (sqlStateOf(error) !== checkViolation) throw error;
    throw new AppError('out_of_stock', `There are fewer than ${quantity} of "${sku}" in stock`, { details: { sku, quantity } });
  }
};
