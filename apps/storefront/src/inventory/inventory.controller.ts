import { Body, Controller, Get, HttpCode, Param, Put } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '@lapidary/kernel/app-error';
import type { TenantContext } from '@lapidary/stamp-sdk/tenant-context';
import { Tenant } from '../http/tenant.decorator.js';
import { withTenant } from '../process/with-tenant.js';
import { InventoryItem } from './inventory-item.entity.js';
import { PutItemSchema, SkuSchema, type PutItem } from './inventory-schemas.js';

const view = ({ sku, name, priceCents, stock, updatedAt }: InventoryItem) => ({
  sku,
  name,
  priceCents,
  stock,
  updatedAt: updatedAt.toISOString(),
});

@Controller('api/inventory')
export class InventoryController {
  constructor(private readonly dataSource: DataSource) {}

  @Get(':sku')
  async show(@Tenant() { tenant }: TenantContext, @Param('sku', { schema: SkuSchema }) sku: string) {
    const item = await withTenant(this.dataSource, tenant, (tx) => tx.findOneBy(InventoryItem, { tenant, sku }));
    if (!item) throw new AppError('not_found', `There is no item "${sku}"`);
    return view(item);
  }

  @Put(':sku')
  @HttpCode(200)
  async put(
    @Tenant() { tenant }: TenantContext,
    @Param('sku', { schema: SkuSchema }) sku: string,
    @Body({ schema: PutItemSchema }) body: PutItem,
  ) {
    return withTenant(this.dataSource, tenant, async (tx) => {
      await tx.upsert(InventoryItem, { tenant, sku, ...body, updatedAt: new Date() }, ['tenant', 'sku']);
      return view(await tx.findOneByOrFail(InventoryItem, { tenant, sku }));
    });
  }
}
