import type { DocumentView } from '@lapidary/contracts/api/collections';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import type { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import { WorkloadCredentials } from '@lapidary/stamp-sdk/collections/workload-credentials';
import type { TenantContext } from '@lapidary/stamp-sdk/tenant-context';
import { Body, Controller, Get, Headers, HttpCode, Param, Patch, Post, Put } from '@nestjs/common';
import type { z } from 'zod';
import { Tenant } from '../http/tenant.decorator.js';
import { SkuSchema } from '../inventory/inventory-schemas.js';
import { sell } from './sell.js';
import { IdSchema, ItemSchema, OrderSchema, ProfileSchema, shopCollections, StockSchema, type Order } from './shared-schemas.js';

const view = ({ id, value, rights, conflicts }: DocumentView) => ({ id, value, ...(rights ? { rights } : {}), conflicts });

/** What the shop shares with the other regions: collections of the control plane, one for each merge policy. */
@Controller('api/shared')
export class SharedController {
  constructor(private readonly credentials: WorkloadCredentials) {}

  @Get(':collection/:id')
  async show(
    @Tenant() tenant: TenantContext,
    @Headers(requestIdHeader) requestId: string | undefined,
    @Param('collection') name: string,
    @Param('id', { schema: IdSchema }) id: string,
  ) {
    if (!Object.hasOwn(shopCollections, name)) throw new AppError('not_found', `Nothing called "${name}" is shared`);
    const found = await this.client(tenant, requestId).read(shopCollections[name as keyof typeof shopCollections], id);
    if (!found) throw new AppError('not_found', `There is no ${name}/${id}`);
    return view(found);
  }

  @Put('items/:sku')
  @HttpCode(200)
  async putItem(
    @Tenant() tenant: TenantContext,
    @Headers(requestIdHeader) requestId: string | undefined,
    @Param('sku', { schema: SkuSchema }) sku: string,
    @Body({ schema: ItemSchema }) body: z.infer<typeof ItemSchema>,
  ) {
    return view(await this.client(tenant, requestId).put(shopCollections.items, sku, body));
  }

  @Patch('items/:sku')
  async patchItem(
    @Tenant() tenant: TenantContext,
    @Headers(requestIdHeader) requestId: string | undefined,
    @Param('sku', { schema: SkuSchema }) sku: string,
    @Body({ schema: ItemSchema }) body: z.infer<typeof ItemSchema>,
  ) {
    return view(await this.client(tenant, requestId).patch(shopCollections.items, sku, body));
  }

  @Post('stock/:sku')
  @HttpCode(200)
  async stock(
    @Tenant() tenant: TenantContext,
    @Headers(requestIdHeader) requestId: string | undefined,
    @Param('sku', { schema: SkuSchema }) sku: string,
    @Body({ schema: StockSchema }) body: z.infer<typeof StockSchema>,
  ) {
    return view(await this.client(tenant, requestId).operate(shopCollections.stock, sku, [body]));
  }

  @Put('orders/:id')
  @HttpCode(200)
  async order(
    @Tenant() tenant: TenantContext,
    @Headers(requestIdHeader) requestId: string | undefined,
    @Param('id', { schema: IdSchema }) id: string,
    @Body({ schema: OrderSchema }) body: Order,
  ) {
    return view(await sell(this.client(tenant, requestId), id, body));
  }

  @Put('profiles/:id')
  @HttpCode(200)
  async profile(
    @Tenant() tenant: TenantContext,
    @Headers(requestIdHeader) requestId: string | undefined,
    @Param('id', { schema: IdSchema }) id: string,
    @Body({ schema: ProfileSchema }) body: z.infer<typeof ProfileSchema>,
  ) {
    return view(await this.client(tenant, requestId).put(shopCollections.profiles, id, body));
  }

  private client({ tenant }: TenantContext, requestId: string | undefined): CollectionsClient {
    return this.credentials.clientFor(tenant, requestId);
  }
}
