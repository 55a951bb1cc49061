import { Body, Controller, Get, HttpCode, Param, Put } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError } from '@lapidary/kernel/app-error';
import type { TenantContext } from '@lapidary/stamp-sdk/tenant-context';
import { Tenant } from '../http/tenant.decorator.js';
import { withTenant } from '../process/with-tenant.js';
import { ProfileIdSchema, PutProfileSchema, type PutProfile } from './profile-schemas.js';
import { Profile } from './profile.entity.js';

const view = ({ id, displayName, email, attributes, updatedAt }: Profile) => ({
  id,
  displayName,
  email,
  attributes,
  updatedAt: updatedAt.toISOString(),
});

@Controller('api/profiles')
export class ProfilesController {
  constructor(private readonly dataSource: DataSource) {}

  @Get(':id')
  async show(@Tenant() { tenant }: TenantContext, @Param('id', { schema: ProfileIdSchema }) id: string) {
    const profile = await withTenant(this.dataSource, tenant, (tx) => tx.findOneBy(Profile, { tenant, id }));
    if (!profile) throw new AppError('not_found', `There is no profile "${id}"`);
    return view(profile);
  }

  @Put(':id')
  @HttpCode(200)
  async put(
    @Tenant() { tenant }: TenantContext,
    @Param('id', { schema: ProfileIdSchema }) id: string,
    @Body({ schema: PutProfileSchema }) body: PutProfile,
  ) {
    return withTenant(this.dataSource, tenant, async (tx) => {
      await tx.upsert(Profile, { tenant, id, ...body, updatedAt: new Date() }, ['tenant', 'id']);
      return view(await tx.findOneByOrFail(Profile, { tenant, id }));
    });
  }
}
