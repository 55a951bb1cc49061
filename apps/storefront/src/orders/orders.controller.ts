import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { DataSource, In, LessThan } from 'typeorm';
import type { z } from 'zod';
import { PageQuerySchema } from '@lapidary/contracts/api/common';
import { AppError } from '@lapidary/kernel/app-error';
import type { TenantContext } from '@lapidary/stamp-sdk/tenant-context';
import { IdempotencyKey } from '../http/idempotency-key.decorator.js';
import { Tenant } from '../http/tenant.decorator.js';
import { withTenant } from '../process/with-tenant.js';
import { once } from './once.js';
import { OrderLine } from './order-line.entity.js';
import { OrderIdSchema, PlaceOrderSchema, type OrderView, type PlaceOrder } from './order-schemas.js';
import { orderView, placeOrder } from './place-order.js';
import { ShopOrder } from './shop-order.entity.js';

const OrdersQuerySchema = PageQuerySchema.extend({ cursor: OrderIdSchema.optional() });
type OrdersQuery = z.infer<typeof OrdersQuerySchema>;

@Controller('api/orders')
export class OrdersController {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first; the cursor is the last id of the page before, so that new orders shift nothing. */
  @Get()
  async list(@Tenant() { tenant }: TenantContext, @Query({ schema: OrdersQuerySchema }) { limit, cursor }: OrdersQuery) {
    return withTenant(this.dataSource, tenant, async (tx) => {
      const where = { tenant, ...(cursor === undefined ? {} : { id: LessThan(cursor) }) };
      const found = await tx.find(ShopOrder, { where, order: { id: 'DESC' }, take: limit + 1 });
      const orders = found.slice(0, limit);
      const lines = await tx.find(OrderLine, { where: { tenant, shopOrder: In(orders.map((o) => o.id)) }, order: { sku: 'ASC' } });
      const items = orders.map((order) =>
        orderView(
          order,
          lines.filter((line) => line.shopOrder === order.id),
        ),
      );
      return { items, next: found.length > limit ? (orders.at(-1)?.id ?? null) : null };
    });
  }

  @Get(':id')
  async show(@Tenant() { tenant }: TenantContext, @Param('id', { schema: OrderIdSchema }) id: string): Promise<OrderView> {
    return withTenant(this.dataSource, tenant, async (tx) => {
      const order = await tx.findOneBy(ShopOrder, { tenant, id });
      if (!order) throw new AppError('not_found', `There is no order "${id}"`);
      return orderView(order, await tx.find(OrderLine, { where: { tenant, shopOrder: id }, order: { sku: 'ASC' } }));
    });
  }

  @Post()
  async place(
    @Tenant() { tenant }: TenantContext,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: PlaceOrderSchema }) body: PlaceOrder,
  ): Promise<OrderView> {
    return withTenant(this.dataSource, tenant, (tx) => once(tx, tenant, key, body, () => placeOrder(tx, tenant, body)));
  }
}
